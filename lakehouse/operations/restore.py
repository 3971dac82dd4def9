"""An older version of a table made its newest."""

from __future__ import annotations

from dataclasses import replace

from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from lakehouse.catalog.tables import PUBLISHED, STREAM, Table
from lakehouse.delta import commit_info as receipts
from lakehouse.delta import lake as delta
from lakehouse.delta import retries as conflicts
from lakehouse.delta.commit_info import Step
from lakehouse.quality.publish import publish, published
from lakehouse.quality.results import GateLog


def restore(spark: SparkSession, table: Table, version: int, *, warehouse: str) -> int:
    """Make a table what it was at a version, in a new one, and return that.

    Files are taken up again and others dropped, none is written: one small job, and two that count rows
    from statistics. The receipt says how many rows there are more than before, so that the ledger closes.

    Args:
        spark: the session.
        table: the table; its steps must not be at work.
        version: one whose files are all there.
        warehouse: root URL of the tables.
    """
    path = table.path(warehouse)
    lane = STREAM if table in STREAM.tables else None
    for attempt in conflicts.again(table):
        with attempt:
            then = delta.read(spark, table, warehouse=warehouse, version=version).count()
            net = then - delta.read(spark, table, warehouse=warehouse).count()
            begun = receipts.begin(lane=lane.name if lane else "batch", step=Step.RESTORE)
            receipt = replace(begun, query=f"{Step.RESTORE}/{begun.run}", restored=version, net=net)
            session = delta.session_with(spark, receipt)
            DeltaTable.forPath(session, path).restoreToVersion(version)
    return delta.version(spark, table, warehouse=warehouse)


def let_readers_see(spark: SparkSession, table: Table, *, warehouse: str) -> int | None:
    """Audit and publish the newest version of a table that is published; return which one readers see.

    Raises:
        Unpublished: a critical rule does not hold; readers keep what they had.
    """
    if table not in PUBLISHED:
        return None
    publish(spark, [table], warehouse=warehouse, gates=GateLog())
    return published(spark, table, warehouse=warehouse)
