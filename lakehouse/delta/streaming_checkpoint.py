"""What a streaming query's checkpoint says: which part of its source a micro-batch reads.

The formats are Spark's and Delta's own; a few small objects are read, and no job runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from foundation.landing_object import LandingObject
from foundation.offsets import OffsetRange
from lakehouse.delta.commit_info import Versions
from lakehouse.spark import filesystem as objects


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one query with one source.

    Attributes:
        spark: the session.
        url: of its folder.
    """

    spark: SparkSession
    url: str

    def reads(self, number: int) -> tuple[tuple[OffsetRange, ...], Versions | None]:
        """Return what a micro-batch reads: Kafka's offsets, from broker or landing, or a table's versions."""
        begin, end = self._end(number - 1), self._end(number)
        if "reservoirVersion" in end:
            return (), Versions(_last(begin) + 1, _last(end))
        if "logOffset" in end:
            return tuple(self._landed(begin.get("logOffset", -1), end["logOffset"])), None
        return _between(begin if number else self.kafka_start(), end), None

    def last_done(self) -> int:
        """Return the number of the last micro-batch that is written everywhere; -1 before the first."""
        names = objects.names(self.spark, f"{self.url}/commits")
        return max((int(name) for name in names if name.isdecimal()), default=-1)

    def last_begun(self) -> int:
        """Return the number of the newest micro-batch, be it done or under way; -1 before the first."""
        names = objects.names(self.spark, f"{self.url}/offsets")
        return max((int(name) for name in names if name.isdecimal()), default=-1)

    def next_version(self) -> int | None:
        """Return the version of the table it reads that it needs next; None before it has read any."""
        last = self.last_done()
        return None if last < 0 else int(self._end(last)["reservoirVersion"])

    def position(self) -> dict[str, dict[str, int]]:
        """Return the Kafka offset to be read next, by topic and partition; empty before the first start."""
        last = self.last_done()
        return self.kafka_start() if last < 0 else self._end(last)

    def kafka_start(self) -> dict[str, dict[str, int]]:
        """Return the offsets that the query has begun with; empty before its first micro-batch."""
        # Spark puts a zero byte in front, for versions that are long gone.
        text = objects.read(self.spark, f"{self.url}/sources/0/0")
        return json.loads(text.lstrip("\x00").splitlines()[-1]) if text else {}

    def _end(self, number: int) -> dict[str, Any]:
        """What the source has been read up to by the end of a micro-batch; empty before the first."""
        text = objects.read(self.spark, f"{self.url}/offsets/{number}") if number >= 0 else None
        return json.loads(text.splitlines()[2]) if text else {}

    def _landed(self, after: int, until: int) -> Iterator[OffsetRange]:
        for entry in range(after + 1, until + 1):
            folder = f"{self.url}/sources/0/{entry}"
            text = objects.read(self.spark, folder) or objects.read(self.spark, f"{folder}.compact") or ""
            for line in text.splitlines()[1:]:
                listed = json.loads(line)
                if listed["batchId"] == entry and (landed := LandingObject.parse(listed["path"])):
                    yield landed.offsets


def _between(begin: dict[str, Any], end: dict[str, Any]) -> tuple[OffsetRange, ...]:
    return tuple(
        OffsetRange(topic, int(partition), first, last - 1)
        for topic, partitions in end.items()
        for partition, last in partitions.items()
        if (first := begin.get(topic, {}).get(partition, 0)) < last
    )


def _last(end: dict[str, Any]) -> int:
    """The last version that has been read, with a negative index: all before the one named."""
    if not end:
        return -1
    return int(end["reservoirVersion"]) - (1 if end["index"] < 0 else 0)
