"""Offsets that Kafka had removed before a lane read them: found, recorded, and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog
from pyspark.sql import DataFrame
from pyspark.sql.types import IntegerType, LongType, StringType, StructField, StructType, TimestampType

from foundation.offsets import FOLDER, Gap, OffsetRange
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.lake import DeltaLake
from lakehouse.spark import dataframes as literal
from lakehouse.spark import filesystem as objects

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
# An offset by topic and partition.
Positions = Mapping[str, Mapping[str, int]]


def between(position: Positions, earliest: Positions) -> list[Gap]:
    """Return what the stream lane is to read next but what lies before all that Kafka still has.

    Args:
        position: the offset to be read next.
        earliest: the first offset that Kafka has.
    """
    return [
        Gap(STREAM.name, topic, int(partition), wanted, first - 1)
        for topic, partitions in position.items()
        for partition, wanted in partitions.items()
        if (first := earliest.get(topic, {}).get(partition, 0)) > wanted
    ]


def without(offsets: Sequence[OffsetRange], gaps: Sequence[Gap]) -> tuple[OffsetRange, ...]:
    """Return ranges of offsets that begin behind the gaps at their front."""
    left = tuple(_behind(part, gaps) for part in offsets)
    return tuple(part for part in left if part.first <= part.last)


def record(lake: DeltaLake, gap: Gap) -> None:
    """Write a gap down."""
    log.error("offsets are lost", **vars(gap))
    lake.put_text(gap.key, gap.as_json())


def read(lake: DeltaLake) -> DataFrame:
    """Return at, lane, topic, partition, first and last of every gap that was written down."""
    folder = f"{lake.root}/{FOLDER}"
    if not objects.names(lake.spark, folder):
        return literal.frame(lake.spark, [], _COLUMNS)
    return lake.spark.read.schema(_COLUMNS).json(folder)


def _behind(part: OffsetRange, gaps: Sequence[Gap]) -> OffsetRange:
    ends = [gap.last + 1 for gap in gaps if (gap.topic, gap.partition) == (part.topic, part.partition)]
    return replace(part, first=max([part.first, *ends]))
