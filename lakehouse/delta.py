"""Writes to Delta tables that a replayed micro-batch repeats without effect."""

from __future__ import annotations

from dataclasses import dataclass

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

from lakehouse.tables import Table


@dataclass(frozen=True)
class MicroBatch:
    """Where a micro-batch is written and what it is known by: Delta ignores a second write of the same one.

    Attributes:
        warehouse: root URL of the tables.
        query: the streaming query's id, which lives in its checkpoint. A new checkpoint is a new query.
        number: the micro-batch's number within the query, only ever growing.
    """

    warehouse: str
    query: str
    number: int


def ensure(spark: SparkSession, table: Table, *, warehouse: str) -> None:
    """Create the table when it is absent. Costs one look at the log when it is there."""
    path = table.path(warehouse)
    if DeltaTable.isDeltaTable(spark, path):
        return
    builder = (
        DeltaTable.createIfNotExists(spark).location(path).comment(table.comment).addColumns(table.columns)
    )
    if table.change_feed:
        builder = builder.property("delta.enableChangeDataFeed", "true")
    builder.execute()


def rows_of_last_write(spark: SparkSession, table: Table, *, warehouse: str) -> int:
    """Return how many rows the newest commit of a table wrote, from its log alone."""
    commit = DeltaTable.forPath(spark, table.path(warehouse)).history(1).select("operationMetrics").first()
    return int(commit.operationMetrics.get("numOutputRows", 0)) if commit else 0


def version(spark: SparkSession, table: Table, *, warehouse: str) -> int:
    """Return the newest version of a table, from its log alone."""
    commit = DeltaTable.forPath(spark, table.path(warehouse)).history(1).select("version").first()
    assert commit is not None  # a table has been created by some commit
    return int(commit.version)


def append(rows: DataFrame, table: Table, batch: MicroBatch) -> None:
    """Append rows: one job that writes, no shuffle, one commit."""
    _writer(rows, table, batch).mode("append").save(table.path(batch.warehouse))


def replace(rows: DataFrame, table: Table, batch: MicroBatch, *, where: str) -> None:
    """Replace the rows that meet a condition, in one commit.

    Args:
        rows: the new rows; all of them must meet the condition.
        table: the table.
        batch: the micro-batch.
        where: the condition, in SQL.
    """
    writer = _writer(rows, table, batch).mode("overwrite").option("replaceWhere", where)
    writer.save(table.path(batch.warehouse))


def merge_newest(rows: DataFrame, table: Table, batch: MicroBatch) -> None:
    """Upsert rows by the table's key; a row is updated only by a newer event.

    Costs two joins of the rows with the table: one with its key column alone finds the files that hold
    a match, the other rewrites those. Files without a match are not touched.

    Args:
        rows: at most one row a key, in the table's columns.
        table: a table with a key and an event_id.
        batch: the micro-batch.
    """
    # MERGE takes its transaction from the session, and other writes run beside this one: one of its own.
    session = rows.sparkSession.newSession()
    session.conf.set("spark.databricks.delta.write.txnAppId", _app_id(table, batch))
    session.conf.set("spark.databricks.delta.write.txnVersion", str(batch.number))
    on = " AND ".join(f"old.{column} = new.{column}" for column in table.key)
    (
        DeltaTable.forPath(session, table.path(batch.warehouse))
        .alias("old")
        .merge(rows.alias("new"), on)
        .whenMatchedUpdateAll("new.event_id > old.event_id")
        .whenNotMatchedInsertAll()
        .execute()
    )


def _writer(rows: DataFrame, table: Table, batch: MicroBatch) -> DataFrameWriter:
    return (
        rows.write.format("delta")
        .option("txnAppId", _app_id(table, batch))
        .option("txnVersion", str(batch.number))
    )


def _app_id(table: Table, batch: MicroBatch) -> str:
    return f"{batch.query}/{table.full_name}"
