"""Upkeep of a table: small files joined, and files removed that no version of the last days needs."""

from __future__ import annotations

from dataclasses import dataclass

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from lakehouse import delta
from lakehouse.quality.publish import published
from lakehouse.tables import Table

_LISTING_TASKS = 32


@dataclass(frozen=True)
class Upkeep:
    """What was done to a table.

    Attributes:
        table: its full name.
        joined: small files that became larger ones.
        into: how many those are.
        vacuumed: whether files that nobody needs were removed.
    """

    table: str
    joined: int
    into: int
    vacuumed: bool


def maintain(spark: SparkSession, table: Table, *, warehouse: str, keep_days: int) -> Upkeep | None:
    """Vacuum a table, then join its small files; None if there is no such table yet.

    In this order, since joining makes a version that its readers see only once its step has published it:
    as long as they see an older one, nothing is removed. Costs one listing of the table's folder and, if
    there is something to join, one job that rewrites the small files.

    Args:
        spark: the session.
        table: the table. Whoever merges into it meanwhile has to try again after a conflict, as this does;
            nobody may replace its rows.
        warehouse: root URL of the tables.
        keep_days: for how long files stay that the newest version does not need; at least 7, Delta's own
            limit: a reader or writer may be at work with them.
    """
    path = table.path(warehouse)
    if not DeltaTable.isDeltaTable(spark, path):
        return None
    newest = delta.version(spark, table, warehouse=warehouse)
    seen = published(spark, table, warehouse=warehouse)
    vacuumed = seen in (None, newest)
    if vacuumed:
        _vacuum(spark, path, keep_days)
    joined, into = _join(spark, table, path)
    return Upkeep(table.full_name, joined, into, vacuumed)


def _vacuum(spark: SparkSession, path: str, keep_days: int) -> None:
    session = spark.newSession()
    # By default it lists folders in 10,000 tasks, however few there are.
    session.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", str(_LISTING_TASKS))
    DeltaTable.forPath(session, path).vacuum(keep_days * 24)


def _join(spark: SparkSession, table: Table, path: str) -> tuple[int, int]:
    joining = delta.again_after_conflict(table)
    done: DataFrame = joining(lambda: DeltaTable.forPath(spark, path).optimize().executeCompaction())
    row = done.select("metrics.numFilesRemoved", "metrics.numFilesAdded").first()
    return (row[0], row[1]) if row else (0, 0)
