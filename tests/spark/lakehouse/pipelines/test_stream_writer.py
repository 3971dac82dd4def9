"""A micro-batch of the table query reaches every table once, however often it is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

from lakehouse.catalog.tables import STREAM
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.pipelines.stream_writer import StreamBatchWriter
from lakehouse.quality.results import GateStats

SCHEMA = (
    "topic string, partition int, offset bigint, timestamp timestamp, key binary, value binary, "
    "headers array<struct<key: string, value: binary>>"
)
PIN, OTHER = "0190163d-8694-739b-aea5-966c26f8ad90", "0190163d-8694-739b-aea5-966c26f8ad91"
FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = commit_info.begin(lane="stream")


def _records(spark: SparkSession, *values: bytes) -> DataFrame:
    rows = [
        ("t", 0, offset, FIRST + timedelta(seconds=offset), b"key", value, None)
        for offset, value in enumerate(values)
    ]
    return spark.createDataFrame(rows, SCHEMA)


def _pin(unique_id: str, followers: str) -> bytes:
    return json.dumps({"unique_id": unique_id, "category": "art", "follower_count": followers}).encode()


def test_a_micro_batch_is_written_once_into_every_layer(lake: DeltaLake) -> None:
    stats = GateStats()
    writer = StreamBatchWriter(lake, text_policy="unicode", stats=stats)
    rows = _records(lake.spark, _pin(PIN, "10"), _pin(OTHER, "1900M"), _pin(PIN, "20"), b"no json")
    batch = MicroBatch("query", 0, RUN)
    writer.ensure()

    for _ in range(2):
        counts = writer.write(rows, batch)
        assert (counts.read, counts.written, counts.quarantined) == (4, 2, 2)

        assert lake.read(STREAM.bronze).count() == 4
        for table in (STREAM.silver, STREAM.features):
            assert [(row.unique_id, row.follower_count) for row in lake.read(table).collect()] == [(PIN, 20)]
        refused = lake.read(STREAM.quarantine).orderBy("offset").collect()
        assert [row.reasons for row in refused] == [
            ["silver.follower_count.plausible"],
            ["value.not_one_json_object"],
        ]

    assert stats.take(run_id="run", lane="stream")[1].read == 8
    version = lake.version(STREAM.bronze)
    assert writer.write(rows.limit(0), MicroBatch("query", 1, RUN)).read == 0
    assert lake.version(STREAM.bronze) == version
