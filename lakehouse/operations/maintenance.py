"""Maintenance of a table: compaction of small files, and removal of files past their retention."""

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
from lakehouse.operations.history_retention import remove_superseded
from lakehouse.operations.retention import retention_blockers
from lakehouse.spark import filesystem

# One core reads such a file in a few seconds; the records of a million pins take about twice as much.
TARGET_BYTES = 128 * 1024 * 1024
# Larger files are left alone: rewriting one costs more than reading it as a separate file.
SMALL_BYTES = TARGET_BYTES // 4
# Each extra file costs a reader one or two requests, some 20 ms; compaction rewrites all its rows.
MIN_EXCESS_FILES = 16
_LISTING_TASKS = 32
_DATA_FILE = r"\.(parquet|bin)$"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TableSize:
    """The size of a table.

    Attributes:
        files: files of the newest version.
        bytes: their bytes.
        stored_files: all files in the table's folder, including old versions and the log.
        stored_bytes: their bytes.
    """

    files: int
    bytes: int
    stored_files: int
    stored_bytes: int

    @property
    def excess_files(self) -> int:
        """How many fewer files could hold the same bytes."""
        return self.files - math.ceil(self.bytes / TARGET_BYTES)


@dataclass(frozen=True)
class MaintenanceResult:
    """What maintenance did to a table, or would do. `pinlake maintain --json` prints these attributes.

    Attributes:
        table: the table's full name.
        before: its size before.
        after: its size after; None in a dry run.
        joined: small files that were compacted; in a dry run, how many fewer files there would be.
        removed: files that were removed, or would be.
        held_back: the reasons why something was left as it is, each a sentence.
        expired: superseded events that were removed from a history, or would be.
    """

    table: str
    before: TableSize
    after: TableSize | None = None
    joined: int = 0
    removed: int = 0
    held_back: tuple[str, ...] = ()
    expired: int = 0


def maintain(
    lake: DeltaLake, table: Table, *, history_days: int | None = None, dry_run: bool = False
) -> MaintenanceResult | None:
    """Remove a table's old files, then compact small ones; return None if the table does not exist yet.

    Files are kept for the table's `retention_days`. If a reader still needs an older version, no file is
    removed. Compaction begins once there are 16 files more than their bytes need. Costs a few listings of the
    folder and, for a compaction, one job that reads and writes the small files. Delta itself writes a
    checkpoint of the log every tenth commit and then removes the part of the log past its retention.

    Args:
        lake: the lakehouse.
        table: the table. Merges into it may run meanwhile: they retry after a conflict, as this does. Its
            rows must not be replaced meanwhile.
        history_days: for a history: how long superseded events are kept; None to keep all.
        dry_run: change nothing, only report what there is to do.
    """
    if not lake.exists(table):
        return None
    before, blockers = measure(lake, table), _blockers(lake, table)
    expired = 0
    if history_days is not None:
        now = datetime.now(UTC)
        expired = remove_superseded(lake, table, days=history_days, now=now, dry_run=dry_run)
    worthwhile = before.excess_files >= MIN_EXCESS_FILES
    if not dry_run:
        _set_properties(lake, table)
    removed = 0 if blockers else _vacuum(lake, table, dry_run=dry_run)
    if dry_run:
        joined = before.excess_files if worthwhile else 0
        return MaintenanceResult(
            table.full_name, before, None, joined, removed, held_back=tuple(blockers), expired=expired
        )
    joined, conflict = _compact(lake, table) if worthwhile else (0, [])
    after = measure(lake, table)
    held_back = (*blockers, *conflict)
    return MaintenanceResult(table.full_name, before, after, joined, removed, held_back, expired)


def measure(lake: DeltaLake, table: Table) -> TableSize:
    """Return the size of a table, from its log and one listing of its folder."""
    row = lake.delta_table(table).detail().select("numFiles", "sizeInBytes").first()
    assert row is not None  # a table has details
    return TableSize(
        int(row.numFiles), int(row.sizeInBytes), *filesystem.measure_folder(lake.spark, lake.path(table))
    )


def _blockers(lake: DeltaLake, table: Table) -> list[str]:
    """Return one sentence per reader that needs a version past its retention."""
    newest = lake.version(table)
    blockers = retention_blockers(lake, table, newest=newest)
    if not blockers:
        return []
    oldest = min(blocker.version for blocker in blockers)
    history = lake.delta_table(table).history(newest - oldest + 1).select("version", "timestamp")
    moments = {row.version: row.timestamp.astimezone(UTC) for row in history.collect()}
    due = datetime.now(UTC) - timedelta(days=table.retention_days)
    # A version whose commit is no longer in the log has an unknown age and counts as very old.
    dated = [(blocker, moments.get(blocker.version, _LONG_AGO)) for blocker in blockers]
    return [
        f"nothing was removed: {blocker.reader} still needs version {blocker.version} of "
        f"{at:%Y-%m-%d %H:%M} UTC"
        for blocker, at in dated
        if at < due
    ]


def _set_properties(lake: DeltaLake, table: Table) -> None:
    """Give a table created by an older Pinlake the properties of a new one."""
    expected = table_properties(table)
    row = lake.delta_table(table).detail().select("properties").first()
    current = row.properties if row else {}
    if any(current.get(name) != value for name, value in expected.items()):
        listed = ", ".join(f"'{name}' = '{value}'" for name, value in expected.items())
        for attempt in retry_on_conflict(table):
            with attempt:
                lake.spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` SET TBLPROPERTIES ({listed})")


def _vacuum(lake: DeltaLake, table: Table, *, dry_run: bool) -> int:
    """Remove the files past the retention in the table's properties, or only list them; return how many."""
    session, path = lake.spark.newSession(), lake.path(table)
    # By default VACUUM lists folders in 10,000 tasks, even if there are only a few.
    session.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", str(_LISTING_TASKS))
    # This version of Delta ignores RETAIN except for 0 hours. It lists the change feed's folder but keeps it.
    listed = session.sql(f"VACUUM delta.`{path}` DRY RUN")
    due = listed.where(F.col("path").rlike(_DATA_FILE)).count()
    if due and not dry_run:
        session.sql(f"VACUUM delta.`{path}`")
    return due


def _compact(lake: DeltaLake, table: Table) -> tuple[int, list[str]]:
    """Compact small files; return how many, and the reason if none was."""
    session = lake.spark.newSession()
    session.conf.set("spark.databricks.delta.optimize.minFileSize", str(SMALL_BYTES))
    session.conf.set("spark.databricks.delta.optimize.maxFileSize", str(TARGET_BYTES))
    retry = retry_on_conflict(table)
    try:
        result = retry(lambda: lake.delta_table(table, session).optimize().executeCompaction())
    except DeltaConcurrentModificationException:
        return 0, ["nothing was compacted: another writer was first each time"]
    row = result.select("metrics.numFilesRemoved").first()
    return (int(row[0]) if row else 0), []
