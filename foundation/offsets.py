"""Ranges of Kafka offsets: those a lane has read, and those Kafka removed before a lane read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from foundation.errors import TerminalError

FOLDER = "gaps"
# An offset per topic and partition, as Spark and Kafka's checkpoints spell them.
Positions = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class OffsetRange:
    """Offsets of one Kafka partition, including the first and the last. The field names are stored."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """Number of offsets."""
        return self.last - self.first + 1

    def __contains__(self, offset: int) -> bool:
        """Return whether an offset of the same partition is in the range."""
        return self.first <= offset <= self.last


@dataclass(frozen=True)
class LostOffsets:
    """Offsets that a lane can no longer read.

    Attributes:
        lane: batch, stream or, for what only the serving query has not read, serving.
        offsets: the range.
    """

    lane: str
    offsets: OffsetRange

    @property
    def key(self) -> str:
        """The key of its object in the bucket; recording the same loss again replaces the object."""
        lost = self.offsets
        return f"{FOLDER}/{self.lane}-{lost.topic}-{lost.partition}-{lost.first}-{lost.last}.json"

    def as_row(self) -> dict[str, object]:
        """Return lane, topic, partition, first and last, for logs and for storage."""
        return {"lane": self.lane, **asdict(self.offsets)}

    def as_json(self) -> str:
        """Return the content of its object."""
        return json.dumps({"at": datetime.now(UTC).isoformat(), **self.as_row()})


def advance(position: Positions, ranges: Iterable[OffsetRange]) -> dict[str, dict[str, int]]:
    """Return the position after some ranges have been read; it never moves back."""
    advanced = {topic: dict(partitions) for topic, partitions in position.items()}
    for part in ranges:
        partitions = advanced.setdefault(part.topic, {})
        name = str(part.partition)
        partitions[name] = max(part.last + 1, partitions.get(name, 0))
    return advanced


def starting_position(position: Positions, earliest: Positions) -> dict[str, dict[str, int]]:
    """Return where to start reading the partitions that Kafka has.

    Args:
        position: the next offset to read, as far as it is known.
        earliest: the first offset that Kafka still has, for every partition: a partition without a position
            starts there, and so does one whose position Kafka has removed.
    """
    return {
        topic: {
            partition: max(first, position.get(topic, {}).get(partition, first))
            for partition, first in partitions.items()
        }
        for topic, partitions in earliest.items()
    }


def data_loss_error(lost: Sequence[LostOffsets]) -> TerminalError:
    """Return the error of a lane that must not skip offsets it could not read."""
    ranges = [part.offsets for part in lost]
    return TerminalError(
        f"Kafka removed {sum(part.count for part in ranges)} offsets before they were read",
        where="; ".join(
            f"topic {part.topic}, partition {part.partition}, offsets {part.first} to {part.last}"
            for part in ranges
        ),
        hint="Restore them, or accept the loss with PINLAKE_KAFKA_ON_DATA_LOSS=record, which records it.",
    )
