"""Retention blockers of a table: readers that still need a past version."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import functions as F

from lakehouse.catalog.downstream_steps import list_downstream_steps
from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.publish import published_version

# Operations that change no rows.
_WITHOUT_ROWS = ("OPTIMIZE", "SET TBLPROPERTIES", "ADD COLUMNS", "REORG", "VACUUM START", "VACUUM END")


@dataclass(frozen=True)
class RetentionBlocker:
    """A reader that needs a past version of a table.

    Attributes:
        reader: the reader, in words.
        version: the oldest version whose files it needs, and whose changes where the table records them.
    """

    reader: str
    version: int


def retention_blockers(lake: DeltaLake, table: Table, *, newest: int) -> list[RetentionBlocker]:
    """Return the readers that need an older version of a table than its newest.

    Reads a few small objects and the log of the versions that a reader has not seen.

    Args:
        lake: the lakehouse.
        table: the table.
        newest: its newest version.
    """
    blockers = []
    visible = published_version(lake, table)
    if visible is not None and visible < newest:
        blockers.append(RetentionBlocker("a reader of the published version", visible))
    for step in list_downstream_steps(table):
        unread = lake.checkpoint(step.checkpoint).next_table_version()
        change = None if unread is None else _find_change(lake, table, range(unread, newest + 1))
        # The files of the newest version do not include its change feed.
        if change is not None and change < newest + table.change_feed:
            blockers.append(RetentionBlocker(f"`pinlake {step.name}`", change))
    return blockers


def _find_change(lake: DeltaLake, table: Table, versions: range) -> int | None:
    """Return the first of the newest versions that changed rows: other commits contain no new rows."""
    if not versions:
        return None
    history = lake.delta_table(table).history(len(versions))
    changed = history.where(~F.col("operation").isin(*_WITHOUT_ROWS)).agg(F.min("version")).first()
    assert changed is not None  # an aggregate without groups has one row
    return None if changed[0] is None else int(changed[0])
