"""Who still needs past versions of a table, and which is the oldest that each of them needs."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import functions as F

from lakehouse.catalog.consumers import consumers_of
from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.publish import published_version

_UPKEEP = ("OPTIMIZE", "SET TBLPROPERTIES", "ADD COLUMNS", "REORG", "VACUUM START", "VACUUM END")


@dataclass(frozen=True)
class Need:
    """One who reads a table.

    Attributes:
        who: in words.
        version: the oldest version whose files, and changes where they are recorded, it needs.
    """

    who: str
    version: int


def of(lake: DeltaLake, table: Table, *, newest: int) -> list[Need]:
    """Return the readers that need more of a table than its newest version.

    Reads a few small objects, and the log of the versions that a reader has not seen.

    Args:
        lake: the lakehouse.
        table: the table.
        newest: its newest version.
    """
    found = []
    shown = published_version(lake, table)
    if shown is not None and shown < newest:
        found.append(Need("whoever reads what is published", shown))
    for reader in consumers_of(table):
        following = lake.checkpoint(reader.checkpoint).next_table_version()
        change = None if following is None else _change(lake, table, range(following, newest + 1))
        # Changes of the newest version are no part of it.
        if change is not None and change < newest + table.change_feed:
            found.append(Need(f"`pinlake {reader.step}`", change))
    return found


def _change(lake: DeltaLake, table: Table, versions: range) -> int | None:
    """Return the first of the newest versions that has changed rows: upkeep alone gives nothing to read."""
    if not versions:
        return None
    history = lake.delta_table(table).history(len(versions))
    changed = history.where(~F.col("operation").isin(*_UPKEEP)).agg(F.min("version")).first()
    assert changed is not None  # an aggregate without groups has one row
    return None if changed[0] is None else int(changed[0])
