"""The readers that need an older version of a table. What a commit changed: tests/spark."""

from __future__ import annotations

from typing import cast

import pytest

from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.retention import RetentionBlocker, retention_blockers
from lakehouse.quality.published_version import PublishedVersion, key
from tests.unit.lakehouse.operations.in_memory_lake import InMemoryLake


def _blockers(lake: InMemoryLake, table: Table, *, newest: int) -> list[RetentionBlocker]:
    return retention_blockers(cast("DeltaLake", lake), table, newest=newest)


@pytest.mark.parametrize(("published", "blocked"), [(None, False), (6, True), (7, False)])
def test_a_version_that_readers_see_is_needed_until_a_newer_one_is_published(
    published: int | None, blocked: bool
) -> None:
    lake = InMemoryLake()
    if published is not None:
        lake.put_text(key(BATCH.features), PublishedVersion(published, "run").as_text())

    expected = [RetentionBlocker("a reader of the published version", 6)] if blocked else []
    assert _blockers(lake, BATCH.features, newest=7) == expected


@pytest.mark.parametrize("next_version", [None, 8])
def test_a_step_that_has_not_begun_or_has_read_everything_needs_nothing(next_version: int | None) -> None:
    lake = InMemoryLake()
    if next_version is not None:
        lake.next_versions[BATCH.silver.full_name] = next_version

    assert _blockers(lake, BATCH.bronze, newest=7) == []


def test_the_stream_lane_has_no_readers() -> None:
    lake = InMemoryLake()
    lake.next_versions[STREAM.silver.full_name] = 0

    assert _blockers(lake, STREAM.bronze, newest=7) == []
