"""The rows in files added since a version: what was appended, and what a compaction has moved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lakehouse.catalog.schemas import FEATURES
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.added_rows import read_added
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch

TABLE = STREAM.features
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def history(lake: DeltaLake) -> DeltaLake:
    """A table whose version n has the rows 1 to n, each in a file of its own."""
    lake.ensure(TABLE)
    for number in range(1, 4):
        rows = [(f"pin-{number}", "art", number, 1, f"event-{number}", NOW)]
        lake.append(
            lake.spark.createDataFrame(rows, FEATURES).coalesce(1), TABLE, MicroBatch("query", number)
        )
    return lake


@pytest.mark.parametrize(
    ("since", "version", "added"),
    [(0, 3, [1, 2, 3]), (1, 3, [2, 3]), (1, 2, [2]), (3, 3, [])],
)
def test_only_rows_added_since_a_version_are_read(
    since: int, version: int, added: list[int], history: DeltaLake
) -> None:
    assert _numbers(history, since, version) == added


def test_a_compaction_moves_older_rows_into_a_file_that_is_read(history: DeltaLake) -> None:
    history.delta_table(TABLE).optimize().executeCompaction()

    assert _numbers(history, 2, 4) == [1, 2, 3]
    assert _numbers(history, 4, 4) == []


def test_all_rows_are_read_if_the_log_no_longer_has_the_version(history: DeltaLake) -> None:
    assert _numbers(history, 99, 2) == [1, 2]


def _numbers(lake: DeltaLake, since: int, version: int) -> list[int]:
    rows = read_added(lake, TABLE, since=since, version=version)
    assert rows.columns == FEATURES.fieldNames()
    return sorted(row.follower_count for row in rows.collect())
