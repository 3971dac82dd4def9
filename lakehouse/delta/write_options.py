"""The transaction id and the commit info of a write, by which Delta and the ledger know it."""

from __future__ import annotations

from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

from lakehouse.catalog.tables import Table
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.delta.micro_batch import MicroBatch


def writer_of(rows: DataFrame, table: Table, batch: MicroBatch | None) -> DataFrameWriter:
    """Return the writer of rows into a table, with the identity of the micro-batch that they are of."""
    writer = rows.write.format("delta")
    if batch is None:
        return writer
    writer = writer.option("txnAppId", _app_id(table, batch)).option("txnVersion", str(batch.number))
    return writer.option("userMetadata", batch.commit_info.as_json()) if batch.commit_info else writer


def merge_session(rows: DataFrame, table: Table, batch: MicroBatch) -> SparkSession:
    """Return a session for one MERGE of rows into a table.

    MERGE takes transaction id and commit info from its session, and other writes may run concurrently.
    """
    session = session_with_commit_info(rows.sparkSession, batch.commit_info)
    session.conf.set("spark.databricks.delta.write.txnAppId", _app_id(table, batch))
    session.conf.set("spark.databricks.delta.write.txnVersion", str(batch.number))
    return session


def session_with_commit_info(spark: SparkSession, info: CommitInfo | None) -> SparkSession:
    """Return a session whose commits carry this info, because Delta's commands have no option for it."""
    session = spark.newSession()
    if info:
        session.conf.set("spark.databricks.delta.commitInfo.userMetadata", info.as_json())
    return session


def _app_id(table: Table, batch: MicroBatch) -> str:
    return f"{batch.query}/{table.full_name}"
