"""The speed of the fenced upsert of gold's features into Postgres."""

from __future__ import annotations

import time

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.report import Rate
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.serving.postgres import ServingDatabase

AIM = 50_000


def measure(spark: SparkSession, settings: Settings, *, rows: int) -> list[Rate]:
    """Upsert gold's rows as new pins, then as newer events of the same pins."""
    serving = ServingDatabase(settings.postgres)
    serving.ensure()
    features = DeltaLake.of(spark, settings).read(BATCH.features).limit(rows).repartition(4).persist()
    # A later time in the first digits keeps the id a UUIDv7.
    newer = features.withColumn("event_id", F.concat(F.lit("1"), F.substring("event_id", 2, 35)))
    size = features.select(F.sum(F.length(F.to_csv(F.struct("*"))) + 1)).first()
    assert size is not None  # an aggregate without groups has one row
    try:
        return [
            Rate("upsert, new pins", features.count(), size[0], _time_upsert(serving, features, 0), AIM),
            Rate("upsert, newer events", features.count(), size[0], _time_upsert(serving, newer, 1), AIM),
        ]
    finally:
        features.unpersist()


def _time_upsert(serving: ServingDatabase, features: DataFrame, number: int) -> float:
    started = time.perf_counter()
    serving.upsert(features, MicroBatch("benchmarks", number))
    return time.perf_counter() - started
