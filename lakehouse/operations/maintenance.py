"""Upkeep of a table: small files joined where that pays, and files removed that nobody can ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from delta.exceptions import DeltaConcurrentModificationException
from pyspark.sql import functions as F

from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.retries import retry_on_conflict
from lakehouse.delta.table_properties import table_properties
from lakehouse.operations import retention as needs
from lakehouse.spark import filesystem

# One core reads a file this large in some seconds; the records of a million pins are about twice as large.
TARGET_BYTES = 128 * 1024 * 1024
# What has grown as large as this is left alone: writing it anew costs more than reading it on its own.
SMALL_BYTES = TARGET_BYTES // 4
# A file more costs a reader a request or two, some 20 ms; a join writes everything in it anew.
WORTH_FILES = 16
_LISTING_TASKS = 32
_DATA_FILE = r"\.(parquet|bin)$"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stock:
    """What a table takes up: the newest version's files, and all that lies in its folder, log included."""

    files: int
    bytes: int
    stored_files: int
    stored_bytes: int

    @property
    def spare(self) -> int:
        """How many files fewer would hold as much."""
        return self.files - math.ceil(self.bytes / TARGET_BYTES)


@dataclass(frozen=True)
class Upkeep:
    """What was done to a table, or would be.

    Attributes:
        table: its full name.
        before: what it took up.
        after: what it takes up now; None if nothing was done to it yet.
        joined: small files that became larger ones; in a dry run how many fewer there would be.
        removed: files that were removed, or would be.
        held_back: why something was left, each a sentence.
    """

    table: str
    before: Stock
    after: Stock | None = None
    joined: int = 0
    removed: int = 0
    held_back: tuple[str, ...] = ()


def maintain(lake: DeltaLake, table: Table, *, dry_run: bool = False) -> Upkeep | None:
    """Remove a table's old files, then join small ones; None if there is no such table yet.

    Files are kept for the table's `retention`; as long as a reader is further behind, all are. Joining begins
    once there are 16 files more than their bytes need. Costs a few listings of the folder and, if there is
    something to join, one job that reads and writes the small files. Delta itself writes a checkpoint of the
    log every tenth commit, and removes what of the log is past its retention then.

    Args:
        lake: the lakehouse.
        table: the table. Whoever merges into it meanwhile has to try again after a conflict, as this does;
            nobody may replace its rows.
        dry_run: change nothing, and say what there is to do.
    """
    if not lake.exists(table):
        return None
    before, late = stock(lake, table), _late(lake, table)
    pays = before.spare >= WORTH_FILES
    if not dry_run:
        _declare(lake, table)
    removed = 0 if late else _vacuum(lake, table, dry_run=dry_run)
    if dry_run:
        joined = before.spare if pays else 0
        return Upkeep(table.full_name, before, joined=joined, removed=removed, held_back=tuple(late))
    joined, refused = _join(lake, table) if pays else (0, [])
    after = stock(lake, table)
    return Upkeep(table.full_name, before, after, joined, removed, (*late, *refused))


def stock(lake: DeltaLake, table: Table) -> Stock:
    """Return what a table takes up, from its log and one listing of its folder."""
    row = lake.delta_table(table).detail().select("numFiles", "sizeInBytes").first()
    assert row is not None  # a table has details
    return Stock(
        int(row.numFiles), int(row.sizeInBytes), *filesystem.measure_folder(lake.spark, lake.path(table))
    )


def _late(lake: DeltaLake, table: Table) -> list[str]:
    """Tell which readers need a version that is past its retention."""
    newest = lake.version(table)
    behind = needs.of(lake, table, newest=newest)
    if not behind:
        return []
    oldest = min(need.version for need in behind)
    history = lake.delta_table(table).history(newest - oldest + 1).select("version", "timestamp")
    moments = {row.version: row.timestamp.astimezone(UTC) for row in history.collect()}
    due = datetime.now(UTC) - timedelta(days=table.retention_days)
    # One whose commit is no longer in the log is older than anybody can tell.
    dated = [(need, moments.get(need.version, _LONG_AGO)) for need in behind]
    return [
        f"{need.who} goes on from version {need.version}, of {at:%Y-%m-%d %H:%M} UTC: nothing was removed"
        for need, at in dated
        if at < due
    ]


def _declare(lake: DeltaLake, table: Table) -> None:
    """Let a table that was made by an older Pinlake say of itself what a new one does."""
    wanted = table_properties(table)
    row = lake.delta_table(table).detail().select("properties").first()
    held = row.properties if row else {}
    if any(held.get(name) != value for name, value in wanted.items()):
        listed = ", ".join(f"'{name}' = '{value}'" for name, value in wanted.items())
        for attempt in retry_on_conflict(table):
            with attempt:
                lake.spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` SET TBLPROPERTIES ({listed})")


def _vacuum(lake: DeltaLake, table: Table, *, dry_run: bool) -> int:
    """Remove files that are past the retention the table tells of, or list them, and return how many."""
    session, path = lake.spark.newSession(), lake.path(table)
    # By default it lists folders in 10,000 tasks, however few there are.
    session.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", str(_LISTING_TASKS))
    # Delta ignores any RETAIN but that of 0 hours, and lists the change feed's folder, which it leaves.
    listed = session.sql(f"VACUUM delta.`{path}` DRY RUN")
    due = listed.where(F.col("path").rlike(_DATA_FILE)).count()
    if due and not dry_run:
        session.sql(f"VACUUM delta.`{path}`")
    return due


def _join(lake: DeltaLake, table: Table) -> tuple[int, list[str]]:
    """Return how many files were joined, or why none was."""
    session = lake.spark.newSession()
    session.conf.set("spark.databricks.delta.optimize.minFileSize", str(SMALL_BYTES))
    session.conf.set("spark.databricks.delta.optimize.maxFileSize", str(TARGET_BYTES))
    joining = retry_on_conflict(table)
    try:
        done = joining(lambda: lake.delta_table(table, session).optimize().executeCompaction())
    except DeltaConcurrentModificationException:
        return 0, ["another writer was always first: nothing was joined"]
    row = done.select("metrics.numFilesRemoved").first()
    return (int(row[0]) if row else 0), []
