"""Bronze rows: one per record, with ids and times from valid headers or else from Kafka."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from foundation.event import new_event_id
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.schemas import BRONZE

SCHEMA = (
    "topic string, partition int, offset bigint, timestamp timestamp, key binary, value binary, "
    "headers array<struct<key: string, value: binary>>"
)
KAFKA_TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RECEIVED = "2026-01-02T03:04:04.123456Z"


def test_the_apis_headers_are_kept_and_invalid_ones_are_ignored(spark: SparkSession) -> None:
    event_id = new_event_id()
    headers = [
        [("event_id", event_id.encode()), ("received_at", RECEIVED.encode())],
        [("event_id", b"\xff"), ("received_at", b"yesterday")],
        None,
        [("received_at", None), ("other", b"x"), ("event_id", str(uuid.uuid4()).encode())],
    ]
    rows = [("t", 0, offset, KAFKA_TIME, b"k", b"\xff\x00", pairs) for offset, pairs in enumerate(headers)]

    bronze = to_bronze(spark.createDataFrame(rows, SCHEMA), at=KAFKA_TIME)
    bronze_rows = bronze.orderBy("offset").collect()

    assert bronze.columns == BRONZE.fieldNames()
    assert bronze_rows[0].event_id == event_id
    assert bronze_rows[0].received_at.isoformat() == "2026-01-02T03:04:04.123456"
    for row in bronze_rows[1:]:
        assert uuid.UUID(row.event_id).version == 7
        assert row.received_at == row.kafka_timestamp
    assert len({row.event_id for row in bronze_rows}) == len(headers)
    assert {bytes(row.value) for row in bronze_rows} == {b"\xff\x00"}
    assert {row.ingested_at.isoformat() for row in bronze_rows} == {"2026-01-02T03:04:05"}
