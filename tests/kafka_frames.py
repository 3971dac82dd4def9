"""Records of a topic as a frame, with the columns of Spark's Kafka source."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
_SCHEMA = (
    "topic string, partition int, offset bigint, timestamp timestamp, key binary, value binary, "
    "headers array<struct<key: string, value: binary>>"
)


def kafka_frame(spark: SparkSession, *values: bytes) -> DataFrame:
    """Return a frame of these values, a second apart, at the offsets from 0 on of one partition."""
    rows = [
        ("t", 0, offset, FIRST + timedelta(seconds=offset), b"key", value, None)
        for offset, value in enumerate(values)
    ]
    return spark.createDataFrame(rows, _SCHEMA)


def event_frame(spark: SparkSession, *events: tuple[str, bytes]) -> DataFrame:
    """Return a frame of these values with their event ids, otherwise as `kafka_frame` does."""
    rows = [
        ("t", 0, offset, FIRST + timedelta(seconds=offset), b"key", value, [("event_id", event_id.encode())])
        for offset, (event_id, value) in enumerate(events)
    ]
    return spark.createDataFrame(rows, _SCHEMA)


def pin_bytes(unique_id: str, followers: str) -> bytes:
    """Return the value of a record with a valid pin, but for what is wrong with its follower count."""
    return json.dumps({"unique_id": unique_id, "category": "art", "follower_count": followers}).encode()
