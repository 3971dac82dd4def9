"""Data loss: offsets that Kafka removed before a lane read them. Detected, recorded and read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog
from pyspark.sql import DataFrame
from pyspark.sql.types import IntegerType, LongType, StringType, StructField, StructType, TimestampType

from foundation import kafka_admin
from foundation.object_store import ObjectStore
from foundation.offsets import FOLDER, LostOffsets, OffsetRange, Positions, data_loss_error
from foundation.settings import KafkaSettings, Settings
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.streaming_checkpoint import read_stream_position
from lakehouse.serving import position
from lakehouse.spark import filesystem
from lakehouse.spark.dataframes import dataframe_from_rows

log = structlog.get_logger()

_COLUMNS = StructType(
    [
        StructField("at", TimestampType()),
        StructField("lane", StringType()),
        StructField("topic", StringType()),
        StructField("partition", IntegerType()),
        StructField("first", LongType()),
        StructField("last", LongType()),
    ]
)


def lost_offsets(following: Positions, earliest: Positions) -> list[LostOffsets]:
    """Return the offsets that a query of the stream lane would read next but Kafka no longer has.

    Args:
        following: the next offset to read.
        earliest: the first offset that Kafka still has.
    """
    return [
        LostOffsets(STREAM.name, OffsetRange(topic, int(partition), wanted, first - 1))
        for topic, partitions in following.items()
        for partition, wanted in partitions.items()
        if (first := earliest.get(topic, {}).get(partition, 0)) > wanted
    ]


def find_lost(following: Positions, earliest: Positions, *, kafka: KafkaSettings) -> list[LostOffsets]:
    """Return the lost offsets that a query of the stream lane passes over, as the settings allow.

    Args:
        following: the next offset to read.
        earliest: the first offset that Kafka still has.
        kafka: what to do about lost offsets.

    Raises:
        TerminalError: offsets are lost, and the settings say to stop.
    """
    lost = lost_offsets(following, earliest)
    if lost and kafka.on_data_loss == "stop":
        raise data_loss_error(lost)
    return lost


def detect_data_loss(settings: Settings) -> list[LostOffsets]:
    """Return the offsets that would be read next but Kafka no longer has: by lane, and by the serving query.

    A reader without a position has not started; it will start at Kafka's first offset and loses nothing. So
    has a serving query whose Postgres does not answer, as far as can be known.

    Args:
        settings: of Kafka, the object store and Postgres.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses the request.
    """
    kafka = settings.kafka
    lag = kafka_admin.read_lag(kafka)
    positions = {("batch", row.topic, row.partition): row.committed for row in lag if row.committed}
    stream_position = read_stream_position(ObjectStore.open(settings.s3), kafka.stream_topic)
    positions |= {
        ("stream", kafka.stream_topic, number): offset for number, offset in stream_position.items()
    }
    served = position.read_offsets(settings.postgres) or {}
    positions |= {
        (position.QUERY, kafka.stream_topic, int(number)): offset
        for number, offset in served.get(kafka.stream_topic, {}).items()
    }
    first = {
        (topic, int(number)): offset
        for name in (kafka.batch_topic, kafka.stream_topic)
        for topic, partitions in kafka_admin.earliest_offsets(kafka, name).items()
        for number, offset in partitions.items()
    }
    return [
        LostOffsets(lane, OffsetRange(topic, number, following, first[topic, number] - 1))
        for (lane, topic, number), following in positions.items()
        if first.get((topic, number), 0) > following
    ]


def exclude_lost(offsets: Sequence[OffsetRange], lost: Sequence[LostOffsets]) -> tuple[OffsetRange, ...]:
    """Return ranges of offsets without the lost offsets at their start."""
    remaining = (_after_lost(part, lost) for part in offsets)
    return tuple(part for part in remaining if part.count > 0)


def record(lake: DeltaLake, lost: LostOffsets) -> None:
    """Store lost offsets in the bucket."""
    log.error("offsets are lost", **lost.as_row())
    lake.put_text(lost.key, lost.as_json())


def read(lake: DeltaLake) -> DataFrame:
    """Return at, lane, topic, partition, first and last of all recorded lost offsets."""
    folder = f"{lake.root}/{FOLDER}"
    if not filesystem.list_names(lake.spark, folder):
        return dataframe_from_rows(lake.spark, [], _COLUMNS)
    return lake.spark.read.schema(_COLUMNS).json(folder)


def _after_lost(part: OffsetRange, lost: Sequence[LostOffsets]) -> OffsetRange:
    same = (each.offsets for each in lost if _partition(each.offsets) == _partition(part))
    return replace(part, first=max([part.first, *(offsets.last + 1 for offsets in same)]))


def _partition(offsets: OffsetRange) -> tuple[str, int]:
    return offsets.topic, offsets.partition
