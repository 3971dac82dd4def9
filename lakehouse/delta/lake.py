"""The lakehouse through Spark: its Delta tables, checkpoints and small objects.

When a micro-batch is repeated, its writes have no effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from delta.tables import DeltaTable
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql.types import StructField

from foundation.errors import TransientError
from foundation.settings import Settings
from lakehouse.catalog import schemas
from lakehouse.catalog.locations import Locations
from lakehouse.catalog.tables import Table
from lakehouse.delta import delta_log
from lakehouse.delta.checkpoint_folder import HadoopFolder
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.retries import CONFLICTS, retry_on_conflict
from lakehouse.delta.streaming_checkpoint import Checkpoint
from lakehouse.delta.table_properties import table_properties
from lakehouse.delta.write_options import merge_session, session_with_commit_info, writer_of
from lakehouse.spark import filesystem

log = structlog.get_logger()


@dataclass(frozen=True)
class DeltaLake:
    """A Spark session and the root URL of its tables and objects.

    Attributes:
        spark: the session.
        root: the URL that all others start with, such as s3a://pinlake.
    """

    spark: SparkSession
    root: str

    @classmethod
    def of(cls, spark: SparkSession, settings: Settings) -> DeltaLake:
        """Return the lakehouse in the configured bucket."""
        return cls(spark, f"s3a://{settings.s3.bucket}")

    @property
    def locations(self) -> Locations:
        """The URLs of its tables, checkpoints and landing objects."""
        return Locations(self.root)

    def path(self, table: Table) -> str:
        """Return the URL of a table's folder."""
        return self.locations.table(table)

    def checkpoint(self, name: str) -> Checkpoint:
        """Return the checkpoint of one streaming query."""
        return Checkpoint(HadoopFolder(self.spark, self.locations.checkpoint(name)))

    def get_text(self, key: str) -> str | None:
        """Return the text of a small object, or None if there is no such object."""
        return filesystem.read_text(self.spark, f"{self.root}/{key}")

    def put_text(self, key: str, text: str) -> None:
        """Write a small object; on S3 readers see either the old or the new one."""
        filesystem.write_text(self.spark, f"{self.root}/{key}", text)

    def exists(self, table: Table) -> bool:
        """Return whether the table has been created. Costs one read of its log."""
        return DeltaTable.isDeltaTable(self.spark, self.path(table))

    def ensure(self, table: Table) -> None:
        """Create the table, or add the columns it lacks. If nothing is missing, costs one read of its log."""
        if self.exists(table):
            self._add_columns(table)
            return
        builder = (
            DeltaTable.createIfNotExists(self.spark)
            .location(self.path(table))
            .comment(table.comment)
            .addColumns(schemas.schema_of(table))
        )
        for name, value in table_properties(table).items():
            builder = builder.property(name, value)
        try:
            builder.execute()
        except AnalysisException as error:
            if error.getCondition() != "DELTA_TABLE_NOT_FOUND":
                raise
            self._create_over_leftovers(table)

    def read(self, table: Table, *, version: int | None = None) -> DataFrame:
        """Return a table's rows, from a version or, by default, from the newest."""
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(table))

    def version(self, table: Table) -> int:
        """Return the newest version of a table, from its log alone."""
        return delta_log.newest_version(self.spark, self.path(table))

    def rows_of_last_write(self, table: Table) -> int:
        """Return how many rows the newest commit of a table wrote, from its log alone."""
        return int(delta_log.newest_metrics(self.spark, self.path(table)).get("numOutputRows", 0))

    def delta_table(self, table: Table, session: SparkSession | None = None) -> DeltaTable:
        """Return Delta's own API of a table, for operations without a method here.

        Args:
            table: the table.
            session: the session that gives its commits their info: see `session_with_commit_info`.
        """
        return DeltaTable.forPath(session or self.spark, self.path(table))

    def session_with_commit_info(self, info: CommitInfo | None) -> SparkSession:
        """Return a session whose commits carry this info, because Delta's commands have no option for it."""
        return session_with_commit_info(self.spark, info)

    def append(self, rows: DataFrame, table: Table, batch: MicroBatch | None = None) -> None:
        """Append rows: no shuffle, one commit. Retried if the table's properties have changed.

        Costs one job, and for a micro-batch another one, which looks for it in the table's log.

        Args:
            rows: the rows.
            table: the table.
            batch: the micro-batch; None for rows that no later attempt writes again.
        """
        for attempt in retry_on_conflict(table):
            with attempt:
                writer_of(rows, table, batch).mode("append").save(self.path(table))

    def replace(self, rows: DataFrame, table: Table, batch: MicroBatch, *, where: str) -> None:
        """Replace the rows that meet a condition, in one commit.

        Args:
            rows: the new rows; all of them must meet the condition.
            table: the table.
            batch: the micro-batch.
            where: the condition, in SQL.
        """
        writer = writer_of(rows, table, batch).mode("overwrite").option("replaceWhere", where)
        writer.save(self.path(table))

    def merge_newest(self, rows: DataFrame, table: Table, batch: MicroBatch) -> None:
        """Upsert rows by the table's key; a row is updated only by a newer event.

        Costs two joins of the rows with the table: the first, with the key column alone, finds the files with
        a match; the second rewrites these files. Files without a match are not touched. If another writer
        has changed the same files in the meantime, the merge is retried.

        Args:
            rows: at most one row per key, in the table's columns.
            table: a table with a key and an event_id.
            batch: the micro-batch.
        """
        session = merge_session(rows, table, batch)
        on = " AND ".join(f"old.{column} = new.{column}" for column in table.key)
        for attempt in retry_on_conflict(table):
            with attempt:
                (
                    self.delta_table(table, session)
                    .alias("old")
                    .merge(rows.alias("new"), on)
                    # A column that only a newer version of Pinlake knows is left unchanged.
                    .withSchemaEvolution()
                    .whenMatchedUpdateAll("new.event_id > old.event_id")
                    .whenNotMatchedInsertAll()
                    .execute()
                )

    def apply_changes(self, changes: DataFrame, table: Table, batch: MicroBatch) -> None:
        """Insert, update and delete rows that differ, in one commit. Costs as much as `merge_newest`.

        Not retried after another writer's commit, because the rows were compared with the version before it.

        Args:
            changes: `key`, `was` and `now`: see `lakehouse.operations.rebuild.changes.compare_states`.
            table: a table with a key.
            batch: the micro-batch.

        Raises:
            TransientError: another writer has committed first.
        """
        target = self.delta_table(table, merge_session(changes, table, batch)).alias("old")
        on = " AND ".join(f"old.{column} <=> new.key.{column}" for column in table.key)
        values: dict[str, str | Column] = {
            name: f"new.now.{name}" for name in schemas.schema_of(table).fieldNames()
        }
        try:
            (
                target.merge(changes.alias("new"), on)
                .whenMatchedDelete("new.now IS NULL")
                .whenMatchedUpdate(set=values)
                .whenNotMatchedInsert("new.now IS NOT NULL", values)
                .execute()
            )
        except CONFLICTS as error:
            raise TransientError(
                f"another writer of {table.full_name} has committed first",
                where=self.path(table),
                hint="Nothing is lost: run it again.",
            ) from error

    def _create_over_leftovers(self, table: Table) -> None:
        """Create a table after an earlier creation was killed.

        Delta's builder takes any non-empty folder for a table. A write does not, but it cannot set the
        table's comment.
        """
        no_rows = self.spark.createDataFrame([], schemas.schema_of(table))
        writer = no_rows.write.format("delta").options(**table_properties(table))
        for attempt in retry_on_conflict(table):
            with attempt:
                writer.mode("ignore").save(self.path(table))

    def _add_columns(self, table: Table) -> None:
        """Add the columns that the table lacks; its existing rows have null there."""
        for attempt in retry_on_conflict(table):
            with attempt:
                existing = self.read(table).columns
                missing = [field for field in schemas.schema_of(table) if field.name not in existing]
                if not missing:
                    return
                definitions = ", ".join(_column_definition(field) for field in missing)
                self.spark.sql(f"ALTER TABLE delta.`{self.path(table)}` ADD COLUMNS ({definitions})")
                log.info("columns added", table=table.full_name, columns=[field.name for field in missing])


def _column_definition(field: StructField) -> str:
    comment = field.metadata.get("comment", "").replace("\\", "\\\\").replace("'", "\\'")
    return f"`{field.name}` {field.dataType.simpleString()} COMMENT '{comment}'"
