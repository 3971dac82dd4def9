"""The stream lane put together from settings: Spark's part, Kafka's first offsets, and its vitals' file."""

from __future__ import annotations

from pyspark.sql import SparkSession

from ingestion import topics
from lakehouse import warehouse
from lakehouse.stream_lane import StreamLane
from pinlake.health import Health
from pinlake.settings import Settings


def open_stream(spark: SparkSession, settings: Settings) -> StreamLane:
    """Return the lane, ready to be drained or followed.

    Raises:
        TerminalError: a suite is not usable.
    """
    kafka = settings.kafka
    return StreamLane(
        spark,
        warehouse.of(settings),
        settings,
        earliest=lambda: topics.earliest(kafka, kafka.stream_topic),
        health=Health(settings.home),
    )
