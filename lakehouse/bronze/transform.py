"""The bronze transform: Kafka records to bronze rows, with every byte kept."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.event import EVENT_ID_HEADER, RECEIVED_AT_HEADER
from lakehouse.bronze import event_ids


def to_bronze(records: DataFrame, *, at: datetime) -> DataFrame:
    """Return bronze's columns, one row per record.

    A record without a valid event_id gets one derived from its Kafka time and coordinates. A record without
    received_at gets its Kafka time.

    Args:
        records: see `lakehouse.bronze.sources`.
        at: when the rows are written.
    """
    derived = event_ids.derive(F.col("timestamp"), F.col("topic"), F.col("partition"), F.col("offset"))
    received_at = F.try_to_timestamp(F.try_validate_utf8(_header(RECEIVED_AT_HEADER).cast("string")))
    return records.select(
        F.coalesce(event_ids.parse_header(_header(EVENT_ID_HEADER)), derived).alias("event_id"),
        F.coalesce(received_at, F.col("timestamp")).alias("received_at"),
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        "key",
        "value",
        F.lit(at).alias("ingested_at"),
    )


def _header(name: str) -> Column:
    """Return the value of the first header with a name."""
    matching = F.filter("headers", lambda header: header["key"] == name)
    return F.try_element_at(matching, F.lit(1))["value"]
