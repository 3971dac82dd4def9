"""The comparison of what both pipelines have written from one topic: every row of silver and features."""

from __future__ import annotations

from benchmarks.handwritten.differences import Difference, find_differences
from benchmarks.handwritten.tables import DeltaTables
from lakehouse.catalog.tables import BATCH

# The time of the write depends on when each pipeline ran.
_IGNORED = ("updated_at",)


def compare_tables(ours: DeltaTables, theirs: DeltaTables) -> list[Difference]:
    """Return every difference between the tables of the batch lane.

    Args:
        ours: Pinlake's tables.
        theirs: those of the hand-written pipeline.
    """
    differences: list[Difference] = []
    for table in (BATCH.silver, BATCH.features):
        own, other = (tables.scan(table).drop(_IGNORED, strict=False).collect() for tables in (ours, theirs))
        differences += find_differences(table.full_name, own, other, key="unique_id")
    return differences
