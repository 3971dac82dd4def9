"""A step needs the first version with rows that it has not read; compaction has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.catalog.schemas import schema_of
from lakehouse.catalog.tables import BATCH, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.retention import RetentionBlocker, retention_blockers
from lakehouse.spark.dataframes import dataframe_from_rows


@pytest.mark.parametrize(
    ("table", "writes", "step", "newest_is_needed"),
    [
        (BATCH.bronze, BATCH.silver, "`pinlake silver`", False),
        # The files of the newest version do not include its change feed.
        (BATCH.silver, BATCH.features, "`pinlake gold`", True),
    ],
    ids=["rows", "changes"],
)
def test_a_step_needs_what_it_has_not_read(
    lake: DeltaLake, table: Table, writes: Table, step: str, newest_is_needed: bool
) -> None:
    lake.ensure(table)
    for number in range(2):
        rows = dataframe_from_rows(lake.spark, [{"event_id": str(number)}], schema_of(table))
        lake.append(rows, table, MicroBatch("query", number))

    def blockers(*, unread: int) -> list[RetentionBlocker]:
        _begin(lake, writes, unread=unread)
        return retention_blockers(lake, table, newest=lake.version(table))

    assert blockers(unread=1) == [RetentionBlocker(step, 1)]
    assert blockers(unread=2) == ([RetentionBlocker(step, 2)] if newest_is_needed else [])
    assert blockers(unread=3) == []

    lake.spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` SET TBLPROPERTIES ('x' = 'y')")

    assert blockers(unread=2) == [RetentionBlocker(step, 2)]
    assert blockers(unread=3) == []


def _begin(lake: DeltaLake, writes: Table, *, unread: int) -> None:
    """Write the checkpoint of a step that has read its source up to a version."""
    checkpoint = Path(lake.checkpoint(writes.full_name).url.removeprefix("file:"))
    for folder in ("commits", "offsets"):
        (checkpoint / folder).mkdir(parents=True, exist_ok=True)
    (checkpoint / "commits" / "0").touch()
    (checkpoint / "offsets" / "0").write_text(f'v1\n{{}}\n{{"reservoirVersion": {unread}}}\n')
