"""Rows in the tables and in Postgres after the demonstration: all of them, and those of its own records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.postgres import connect
from foundation.settings import PostgresSettings
from lakehouse.catalog.schemas import SILVER
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.query import spark_engine
from pinlake.app.demo.scenario import NewestEvent, Posted

_COUNT = """
SELECT count(*), count(*) FILTER (WHERE event_id = ANY(%s::uuid[])) FROM experimental_data
"""
_SAMPLE = """
SELECT unique_id::text, category, follower_count, downloaded, to_char(event_time, 'YYYY-MM-DD HH24:MI:SS.MS')
FROM experimental_data ORDER BY event_id DESC LIMIT 10
"""
_NOT_COMPARED = {"topic", "partition", "offset", "updated_at"}

Offsets = Mapping[tuple[str, int], int]


@dataclass(frozen=True)
class Rows:
    """A table's rows: all of them, and those that this run has added."""

    table: str
    total: int
    of_this_run: int


@dataclass(frozen=True)
class ServedRows:
    """Postgres's rows: all of them, those of this run, and the ten newest."""

    total: int
    of_this_run: int
    newest: list[tuple[str, str | None, int | None, int | None, str]]


def read_served_rows(postgres: PostgresSettings, newest: Sequence[NewestEvent]) -> ServedRows:
    """Count the rows of experimental_data and read its ten newest.

    Args:
        postgres: where it is.
        newest: the events that it must hold.
    """
    with closing(connect(postgres)) as session, session.cursor() as cursor:
        cursor.execute(_COUNT, ([pin.event_id for pin in newest],))
        total, of_this_run = cursor.fetchone() or (0, 0)
        cursor.execute(_SAMPLE)
        return ServedRows(total, of_this_run, cursor.fetchall())


class Lakehouse:
    """The demonstration's view of the tables.

    Args:
        lake: the lakehouse.
        begins: each partition's end before the first record was sent; later offsets belong to this run.
        posted: the events that silver and gold must hold.
    """

    def __init__(self, lake: DeltaLake, *, begins: Offsets, posted: Posted) -> None:
        self._lake = lake
        self._begins = begins
        rows = [(pin.unique_id, pin.event_id, pin.follower_count) for pin in posted.newest]
        schema = "unique_id string, event_id string, expected_count int"
        self._newest = lake.spark.createDataFrame(rows, schema).withColumn("ours", F.lit(True))
        ids = [(event_id,) for event_id in posted.event_ids]
        self._events = lake.spark.createDataFrame(ids, "event_id string").withColumn("ours", F.lit(True))

    def count_rows(self) -> list[Rows]:
        """Count the rows of every table of the lanes, in one Spark action; of history the newest rows too."""
        counts = [
            count
            for lane in (BATCH, STREAM)
            for count in (
                self._by_offset(lane.bronze),
                self._by_offset(lane.quarantine),
                *self._by_event(lane.silver),
                *self._by_event(lane.features),
            )
        ]
        return [Rows(*row) for row in reduce(DataFrame.unionAll, counts).collect()]

    def count_daily_pins(self) -> int:
        """Return the sum of the pins in gold.category_daily."""
        row = self._read(CATEGORY_DAILY).agg(F.sum("pins").alias("pins")).first()
        return int(row.pins or 0) if row else 0

    def count_reasons(self) -> dict[str, dict[str, int]]:
        """Count this run's quarantined records by lane and reason."""
        by_lane: dict[str, dict[str, int]] = {}
        for lane in (BATCH, STREAM):
            refused = self._read(lane.quarantine).where(self._of_this_run())
            counts = refused.select(F.explode("reasons").alias("reason")).groupBy("reason").count()
            by_lane[lane.name] = {row.reason: row["count"] for row in counts.orderBy("reason").collect()}
        return by_lane

    def count_lane_differences(self) -> int:
        """Count the pins of this run whose silver rows differ between the lanes."""
        columns = [name for name in SILVER.fieldNames() if name not in _NOT_COMPARED]
        ours = self._newest.select("event_id")
        batch, stream = (
            self._read(lane.silver)
            .join(ours, "event_id", "leftsemi")
            .select("event_id", F.struct(*columns).alias(lane.name))
            for lane in (BATCH, STREAM)
        )
        both = batch.join(stream, "event_id", "full")
        return both.where(~F.col("batch").eqNullSafe(F.col("stream"))).count()

    def _by_offset(self, table: Table) -> DataFrame:
        return _counted(self._read(table), table.full_name, of_this_run=self._of_this_run())

    def _by_event(self, table: Table) -> list[DataFrame]:
        rows = self._read(table)
        if not table.is_history:
            return [self._by_pin(rows, table.full_name)]
        events = rows.join(F.broadcast(self._events), "event_id", "left")
        latest = spark_engine.run(self._lake, f"SELECT * FROM {table.latest_name}")
        return [
            _counted(events, table.full_name, of_this_run=F.col("ours")),
            self._by_pin(latest, table.latest_name),
        ]

    def _by_pin(self, newest: DataFrame, name: str) -> DataFrame:
        rows = newest.join(F.broadcast(self._newest), ["unique_id", "event_id"], "left")
        as_posted = F.coalesce(F.col("expected_count") == F.col("follower_count"), F.col("ours"))
        return _counted(rows, name, of_this_run=as_posted)

    def _of_this_run(self) -> Column:
        is_later = [
            (F.col("topic") == topic) & (F.col("partition") == partition) & (F.col("offset") >= begin)
            for (topic, partition), begin in self._begins.items()
        ]
        return reduce(Column.__or__, is_later)

    def _read(self, table: Table) -> DataFrame:
        return self._lake.read(table)


def _counted(rows: DataFrame, name: str, *, of_this_run: Column) -> DataFrame:
    figures = (F.count("*").alias("total"), F.count_if(of_this_run).alias("of_this_run"))
    return rows.agg(*figures).select(F.lit(name).alias("table"), "*")
