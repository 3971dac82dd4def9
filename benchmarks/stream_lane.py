"""The speed of the stream lane while it catches up: Kafka to bronze, silver, gold and Postgres."""

from __future__ import annotations

import time

from pyspark.sql import SparkSession

from benchmarks.report import Rate
from foundation.settings import Settings
from lakehouse.pipelines.stream import open_stream


def measure(spark: SparkSession, settings: Settings, *, event_bytes: int) -> Rate:
    """Drain the stream topic and return the rate.

    Args:
        spark: the session.
        settings: of the stack.
        event_bytes: mean size of an event's JSON.
    """
    started = time.perf_counter()
    counts = open_stream(spark, settings).drain()
    seconds = time.perf_counter() - started
    return Rate("stream lane, catching up", counts.read, counts.read * event_bytes, seconds)
