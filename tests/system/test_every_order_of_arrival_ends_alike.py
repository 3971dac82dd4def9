"""Events shuffled, repeated, late, across partitions: every table keeps each once, Postgres the newest."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType, StructField, StructType

from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.pipelines.serving_writer import ServingBatchWriter
from lakehouse.pipelines.stream_writer import StreamBatchWriter
from lakehouse.quality.results import GateStats
from lakehouse.query import spark_engine
from lakehouse.serving.postgres import ServingDatabase
from lakehouse.spark.dataframes import dataframe_from_rows
from tests.served import served

MICRO_BATCHES = 3
# The arrival of an event: its rank among the pin's events, its partition, its micro-batch.
Arrival = tuple[int, int, int]
PINS = 120
BORN = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
COLUMNS = StructType(
    [
        StructField("unique_id", StringType()),
        StructField("event_id", StringType()),
        StructField("follower_count", StringType()),
        StructField("partition", IntegerType()),
        StructField("offset", LongType()),
    ]
)


def test_every_order(spark: SparkSession, own: Settings) -> None:
    # One run of many pins with one order each, because a run per pin would take minutes.
    arrivals = [_arrivals(random.Random(number)) for number in range(PINS)]
    lake = DeltaLake.of(spark, own)
    tables = StreamBatchWriter(lake, text_policy="unicode", stats=GateStats())
    postgres = ServingDatabase(own.postgres)
    serving = ServingBatchWriter(spark, postgres, text_policy="unicode")
    tables.ensure()
    postgres.ensure()
    pins = {str(uuid.uuid4()): of_pin for of_pin in arrivals}
    query = str(uuid.uuid4())

    # The last one repeats a micro-batch: the tables after a crash, Postgres after its position was lost.
    for load, number in enumerate([*range(MICRO_BATCHES), 0]):
        tables.write(_records(spark, pins, number), MicroBatch(query, number))
        lines = serving.to_lines(_records(spark, pins, number))
        serving.write(lines, MicroBatch("serving", load), position={})

    expected = {pin: max(rank for rank, _, _ in of_pin) for pin, of_pin in pins.items()}
    events = sorted({(pin, rank) for pin, of_pin in pins.items() for rank, _, _ in of_pin})
    for table in (STREAM.silver, STREAM.features):
        assert _read_followers(lake, table, pins) == events, table.full_name
        latest = spark_engine.run(
            lake, f"SELECT unique_id, follower_count FROM {table.latest_name}"
        ).collect()
        newest = {row.unique_id: row.follower_count for row in latest if row.unique_id in pins}
        assert newest == expected, table.full_name
    rows = served(own)
    assert {pin: rows[pin][1] for pin in pins} == expected


def _arrivals(chance: random.Random) -> list[Arrival]:
    """Return the arrivals of one pin's events; an event may arrive more than once."""
    return [
        (chance.randint(1, 5), chance.randrange(3), chance.randrange(MICRO_BATCHES))
        for _ in range(chance.randint(1, 6))
    ]


def _records(spark: SparkSession, pins: dict[str, list[Arrival]], micro_batch: int) -> DataFrame:
    """Return the Kafka records of one micro-batch, as `lakehouse.bronze.sources` does."""
    arriving = [
        (pin, rank, partition)
        for pin, of_pin in pins.items()
        for rank, partition, batch in of_pin
        if batch == micro_batch
    ]
    rows = [
        {
            "unique_id": pin,
            "event_id": _event_id(pin, rank),
            "follower_count": str(rank),
            "partition": partition,
            "offset": micro_batch * 1_000_000 + number,
        }
        for number, (pin, rank, partition) in enumerate(arriving)
    ]
    header = F.struct(F.lit("event_id").alias("key"), F.col("event_id").cast("binary").alias("value"))
    return dataframe_from_rows(spark, rows, COLUMNS).select(
        F.lit("t").alias("topic"),
        "partition",
        "offset",
        F.current_timestamp().alias("timestamp"),
        F.col("unique_id").cast("binary").alias("key"),
        F.to_json(F.struct("unique_id", "follower_count")).cast("binary").alias("value"),
        F.array(header).alias("headers"),
    )


def _event_id(pin: str, rank: int) -> str:
    moment = f"{BORN + rank:012x}"
    return f"{moment[:8]}-{moment[8:]}-7000-8000-{pin[-12:]}"


def _read_followers(lake: DeltaLake, table: Table, pins: dict[str, list[Arrival]]) -> list[tuple[str, int]]:
    rows = lake.read(table).collect()
    return sorted((row.unique_id, row.follower_count) for row in rows if row.unique_id in pins)
