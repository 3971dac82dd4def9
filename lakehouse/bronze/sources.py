"""Sources of Kafka records: landing objects for the batch lane, the broker for the stream lane.

Both return the same columns, so that the lanes share everything that follows: topic, partition, offset,
timestamp, key (binary), value (binary), headers (array of key and binary value).
"""

from __future__ import annotations

import json

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.offsets import Positions
from foundation.settings import KafkaSettings

_ENVELOPE = (
    "topic string, partition int, offset bigint, timestamp bigint, key string, key_base64 string, "
    "headers array<struct<key: string, value: string, value_base64: string>>, "
    "value string, value_base64 string"
)


def read_landing(spark: SparkSession, *, folder: str, files_per_batch: int) -> DataFrame:
    """Return a stream of the records in landing objects; each object is read once.

    A line that is not an envelope becomes a record without a topic, with the line itself as its value. Bronze
    accepts every line; silver refuses these.

    Args:
        spark: the session.
        folder: URL of the landing prefix.
        files_per_batch: how many objects one micro-batch may take.
    """
    lines = (
        spark.readStream.format("text")
        .schema("value string")
        .option("maxFilesPerTrigger", files_per_batch)
        # Spark must remember objects for ever: one that an erasure has rewritten must not be read again.
        .option("maxFileAge", "36500d")
        .option("recursiveFileLookup", "true")
        .option("pathGlobFilter", "*.jsonl.gz")
        .load(folder)
    )
    return parse_envelopes(lines)


def parse_envelopes(lines: DataFrame) -> DataFrame:
    """Return the Kafka records of landing lines (column `value`)."""
    envelope = F.from_json("value", _ENVELOPE).alias("e")
    parsed = lines.select(F.col("value").alias("line"), envelope)
    is_envelope = F.col("e.topic").isNotNull() & F.col("e.offset").isNotNull()
    return parsed.select(
        F.when(is_envelope, F.col("e.topic")).alias("topic"),
        F.col("e.partition").alias("partition"),
        F.col("e.offset").alias("offset"),
        F.timestamp_millis("e.timestamp").alias("timestamp"),
        _bytes("e.key").alias("key"),
        F.when(is_envelope, _bytes("e.value")).otherwise(F.encode("line", "UTF-8")).alias("value"),
        F.transform(
            "e.headers",
            lambda h: F.struct(h["key"].alias("key"), _decode(h["value"], h["value_base64"]).alias("value")),
        ).alias("headers"),
    )


def read_kafka(
    spark: SparkSession,
    kafka: KafkaSettings,
    *,
    offsets_per_batch: int,
    skip_lost_offsets: bool = False,
    start: Positions | None = None,
) -> DataFrame:
    """Return a stream of the records in the stream topic.

    Args:
        spark: the session.
        kafka: the broker and the topic.
        offsets_per_batch: how many offsets one micro-batch may take.
        skip_lost_offsets: continue at the first offset that the topic still has; otherwise the query fails.
        start: where a new query starts, for every partition of the topic; default: its first offsets.
    """
    starts = any(start.values()) if start else False
    reader = (
        spark.readStream.format("kafka")
        .option("subscribe", kafka.stream_topic)
        .option("startingOffsets", json.dumps(start) if starts else "earliest")
        .option("includeHeaders", "true")
        .option("failOnDataLoss", str(not skip_lost_offsets).lower())
        .option("maxOffsetsPerTrigger", offsets_per_batch)
        .option("kafka.bootstrap.servers", kafka.bootstrap_servers)
        .option("kafka.security.protocol", kafka.security_protocol)
        # An unreachable broker is reported after 15 seconds, by default after a minute.
        .option("kafka.default.api.timeout.ms", 15_000)
        .option("kafka.request.timeout.ms", 10_000)
    )
    if kafka.username and kafka.password:
        reader = reader.option("kafka.sasl.mechanism", kafka.sasl_mechanism).option(
            "kafka.sasl.jaas.config",
            _jaas(kafka.sasl_mechanism, kafka.username, kafka.password.get_secret_value()),
        )
    return reader.load().select("topic", "partition", "offset", "timestamp", "key", "value", "headers")


def _bytes(name: str) -> Column:
    return _decode(F.col(name), F.col(f"{name}_base64"))


def _decode(text: Column, base64: Column) -> Column:
    return F.coalesce(F.encode(text, "UTF-8"), F.unbase64(base64))


def _jaas(mechanism: str, username: str, password: str) -> str:
    module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    return f'org.apache.kafka.common.security.{module} required username="{username}" password="{quoted}";'
