"""Writes to Delta tables that a replayed micro-batch repeats without effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from datetime import UTC, datetime

import structlog
from delta.tables import DeltaTable
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, DataFrameWriter, SparkSession
from pyspark.sql.types import StructField

from foundation.errors import TransientError
from lakehouse.catalog import schemas
from lakehouse.catalog.tables import Table
from lakehouse.delta import retries as conflicts
from lakehouse.delta.commit_info import Receipt
from lakehouse.delta.metrics import Counts

log = structlog.get_logger()


@dataclass(frozen=True)
class MicroBatch:
    """Where a micro-batch is written and what it is known by: Delta ignores a second write of the same one.

    Attributes:
        warehouse: root URL of the tables.
        query: the streaming query's id, which lives in its checkpoint. A new checkpoint is a new query.
        number: the micro-batch's number within the query, only ever growing.
        receipt: what its commits say about themselves.
        began: when it began, which its rows are marked with. Spark's own current time would do for the mark,
            but MERGE does not find a cached frame again that asks for it, and computes it anew.
    """

    warehouse: str
    query: str
    number: int
    receipt: Receipt | None = None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def counting(self, counts: Counts, *, step: str) -> MicroBatch:
        """Return the same for a step whose gate has counted."""
        if self.receipt is None:
            return self
        return replace_fields(self, receipt=self.receipt.counting(counts, step=step))


def exists(spark: SparkSession, table: Table, *, warehouse: str) -> bool:
    """Return whether the table has been created. Costs one look at its log."""
    return DeltaTable.isDeltaTable(spark, table.path(warehouse))


def ensure(spark: SparkSession, table: Table, *, warehouse: str) -> None:
    """Create the table when it is absent, else add the columns it lacks. Costs one look at its log then."""
    path = table.path(warehouse)
    if DeltaTable.isDeltaTable(spark, path):
        _add_columns(spark, table, path)
        return
    builder = (
        DeltaTable.createIfNotExists(spark)
        .location(path)
        .comment(table.comment)
        .addColumns(schemas.of(table))
    )
    for name, value in properties(table).items():
        builder = builder.property(name, value)
    try:
        builder.execute()
    except AnalysisException as error:
        if error.getCondition() != "DELTA_TABLE_NOT_FOUND":
            raise
        _create_over_leftovers(spark, table, path)


def properties(table: Table) -> dict[str, str]:
    """Return what a table says of itself to every writer."""
    wanted = {
        "delta.deletedFileRetentionDuration": f"interval {table.retention} days",
        # What is no longer in the log cannot be asked for, whatever files are there.
        "delta.logRetentionDuration": f"interval {max(table.retention, 30)} days",
    }
    if table.change_feed:
        wanted["delta.enableChangeDataFeed"] = "true"
    if table.statistics:
        wanted["delta.dataSkippingStatsColumns"] = ",".join(f"`{name}`" for name in table.statistics)
    return wanted


def read(spark: SparkSession, table: Table, *, warehouse: str, version: int | None = None) -> DataFrame:
    """Return a table's rows, in its newest version or a given one."""
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(table.path(warehouse))


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
    """Append rows: one job that writes, no shuffle, one commit; again if the table's properties changed."""
    for attempt in conflicts.again(table):
        with attempt:
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
    a match, the other rewrites those. Files without a match are not touched. If another writer has changed
    the same files meanwhile, it looks at them again.

    Args:
        rows: at most one row a key, in the table's columns.
        table: a table with a key and an event_id.
        batch: the micro-batch.
    """
    session = session_of(rows, table, batch)
    on = " AND ".join(f"old.{column} = new.{column}" for column in table.key)
    for attempt in conflicts.again(table):
        with attempt:
            (
                DeltaTable.forPath(session, table.path(batch.warehouse))
                .alias("old")
                .merge(rows.alias("new"), on)
                # A column that only a newer Pinlake knows is left as it is.
                .withSchemaEvolution()
                .whenMatchedUpdateAll("new.event_id > old.event_id")
                .whenNotMatchedInsertAll()
                .execute()
            )


def apply(changes: DataFrame, table: Table, batch: MicroBatch) -> None:
    """Insert, update and delete what has been found to differ, in one commit. Costs what `merge_newest` does.

    Not tried again after another writer's commit: the rows were compared with what was there before it.

    Args:
        changes: `key`, `was` and `now`: see `lakehouse.operations.rebuild.changes.changes`.
        table: a table with a key.
        batch: the micro-batch.

    Raises:
        TransientError: another writer was first.
    """
    session = session_of(changes, table, batch)
    on = " AND ".join(f"old.{column} <=> new.key.{column}" for column in table.key)
    values: dict[str, str | Column] = {name: f"new.now.{name}" for name in schemas.of(table).fieldNames()}
    merge = (
        DeltaTable.forPath(session, table.path(batch.warehouse)).alias("old").merge(changes.alias("new"), on)
    )
    try:
        (
            merge.whenMatchedDelete("new.now IS NULL")
            .whenMatchedUpdate(set=values)
            .whenNotMatchedInsert("new.now IS NOT NULL", values)
            .execute()
        )
    except conflicts.KINDS as error:
        raise TransientError(
            f"another writer of {table.full_name} was first",
            where=table.path(batch.warehouse),
            mend="Nothing is lost: run it again.",
        ) from error


def session_of(rows: DataFrame, table: Table, batch: MicroBatch) -> SparkSession:
    """Return a session for one MERGE of rows into a table.

    MERGE takes transaction and receipt from its session, and other writes may run beside it.
    """
    session = session_with(rows.sparkSession, batch.receipt)
    session.conf.set("spark.databricks.delta.write.txnAppId", _app_id(table, batch))
    session.conf.set("spark.databricks.delta.write.txnVersion", str(batch.number))
    return session


def session_with(spark: SparkSession, receipt: Receipt | None) -> SparkSession:
    """Return a session of the same context whose commits carry a receipt: no command of Delta's takes one."""
    session = spark.newSession()
    if receipt:
        session.conf.set("spark.databricks.delta.commitInfo.userMetadata", receipt.as_json())
    return session


def _create_over_leftovers(spark: SparkSession, table: Table, path: str) -> None:
    """Create a table whose creation was killed once: of a folder that is not empty Delta believes it is one.

    A write does not; it cannot set the table's comment.
    """
    empty = spark.createDataFrame([], schemas.of(table)).write.format("delta").options(**properties(table))
    for attempt in conflicts.again(table):
        with attempt:
            empty.mode("ignore").save(path)


def _add_columns(spark: SparkSession, table: Table, path: str) -> None:
    """Add what this version of Pinlake knows of more; rows that are there read as null."""
    for attempt in conflicts.again(table):
        with attempt:
            held = spark.read.format("delta").load(path).columns
            lacking = [field for field in schemas.of(table) if field.name not in held]
            if not lacking:
                return
            added = ", ".join(_declared(field) for field in lacking)
            spark.sql(f"ALTER TABLE delta.`{path}` ADD COLUMNS ({added})")
            log.info("columns added", table=table.full_name, columns=[field.name for field in lacking])


def _declared(field: StructField) -> str:
    comment = field.metadata.get("comment", "").replace("\\", "\\\\").replace("'", "\\'")
    return f"`{field.name}` {field.dataType.simpleString()} COMMENT '{comment}'"


def _writer(rows: DataFrame, table: Table, batch: MicroBatch) -> DataFrameWriter:
    writer = (
        rows.write.format("delta")
        .option("txnAppId", _app_id(table, batch))
        .option("txnVersion", str(batch.number))
    )
    return writer.option("userMetadata", batch.receipt.as_json()) if batch.receipt else writer


def _app_id(table: Table, batch: MicroBatch) -> str:
    return f"{batch.query}/{table.full_name}"
