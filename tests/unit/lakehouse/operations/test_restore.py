"""A restore makes a new version of an old one, and its commit says by how many rows the table changes."""

from __future__ import annotations

from typing import cast

import pytest
from delta.exceptions import ConcurrentAppendException

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM, Table
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.restore import publish_restored, restore
from lakehouse.quality.published_version import PublishedVersion, key
from tests.unit.lakehouse.operations.in_memory_lake import InMemoryLake, InMemoryTable

VERSIONS: list[tuple[str, ...]] = [("a",), ("a", "b", "c"), ()]


def _lake(table: Table) -> tuple[InMemoryLake, DeltaLake]:
    lake = InMemoryLake()
    lake.versions[table] = list(VERSIONS)
    return lake, cast("DeltaLake", lake)


@pytest.mark.parametrize(("newest", "version", "net"), [(1, 0, -2), (2, 1, 3), (2, 0, 1)])
def test_the_commit_has_the_net_change_of_rows(newest: int, version: int, net: int) -> None:
    lake, delta_lake = _lake(BATCH.silver)
    del lake.versions[BATCH.silver][newest + 1 :]

    assert restore(delta_lake, BATCH.silver, version) == newest + 1

    assert lake.versions[BATCH.silver][-1] == VERSIONS[version]
    (info,) = lake.commits[BATCH.silver]
    assert (info.step, info.restored, info.net, info.query) == (
        "restore",
        version,
        net,
        f"restore/{info.run}",
    )


@pytest.mark.parametrize(
    ("table", "lane"),
    [
        (BATCH.silver, "batch"),
        (CATEGORY_DAILY, "batch"),
        (STREAM.bronze, "stream"),
        (STREAM.features, "stream"),
    ],
    ids=lambda value: value.full_name if isinstance(value, Table) else "",
)
def test_the_commit_belongs_to_the_lane_of_the_table(table: Table, lane: str) -> None:
    lake, delta_lake = _lake(table)

    restore(delta_lake, table, 0)

    assert [info.lane for info in lake.commits[table]] == [lane]


def test_after_a_conflict_the_rows_are_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lake, delta_lake = _lake(BATCH.silver)
    restore_to = InMemoryTable.restoreToVersion
    others: list[CommitInfo] = []

    def conflict_once(table: InMemoryTable, version: int) -> None:
        if not others:
            assert table.info is not None
            others.append(table.info)
            lake.versions[BATCH.silver].append(("x", "y"))
            raise ConcurrentAppendException("another writer was first")
        restore_to(table, version)

    monkeypatch.setattr(InMemoryTable, "restoreToVersion", conflict_once)
    monkeypatch.setattr("time.sleep", lambda _: None)

    assert restore(delta_lake, BATCH.silver, 1) == 4

    assert [info.net for info in (*others, *lake.commits[BATCH.silver])] == [3, 1]


@pytest.mark.parametrize(
    "table", [STREAM.silver, BATCH.quarantine, CATEGORY_DAILY], ids=lambda table: table.full_name
)
def test_a_table_without_published_versions_is_not_published(table: Table) -> None:
    lake, delta_lake = _lake(table)

    assert publish_restored(delta_lake, table) is None
    assert lake.objects == {}


def test_readers_see_the_version_that_is_published() -> None:
    lake, delta_lake = _lake(BATCH.silver)
    lake.objects[key(BATCH.silver)] = PublishedVersion(2, "run").as_text()

    assert publish_restored(delta_lake, BATCH.silver) == 2
