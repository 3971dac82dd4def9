"""Ranges of Kafka offsets: those that a lane has read, and those that Kafka had removed before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from foundation.errors import TerminalError

FOLDER = "gaps"


@dataclass(frozen=True)
class OffsetRange:
    """Offsets of one Kafka partition, the first and the last of them included."""

    topic: str
    partition: int
    first: int
    last: int


@dataclass(frozen=True)
class Gap:
    """Offsets of one partition, the first and the last of them included, that a lane can no longer read."""

    lane: str
    topic: str
    partition: int
    first: int
    last: int

    @property
    def key(self) -> str:
        """The name of its object in the bucket: recording a gap again replaces it."""
        return f"{FOLDER}/{self.lane}-{self.topic}-{self.partition}-{self.first}-{self.last}.json"

    def as_json(self) -> str:
        """Return what its object holds."""
        return json.dumps({"at": datetime.now(UTC).isoformat(), **asdict(self)})


def lost(gaps: Sequence[Gap]) -> TerminalError:
    """Return the error of a lane that must not go on past its gaps."""
    ranges = (
        f"topic {gap.topic}, partition {gap.partition}, offsets {gap.first} to {gap.last}" for gap in gaps
    )
    count = sum(gap.last - gap.first + 1 for gap in gaps)
    return TerminalError(
        f"Kafka has removed {count} offsets before they were read",
        where="; ".join(ranges),
        mend="Restore them, or accept the loss with PINLAKE_KAFKA_ON_DATA_LOSS=record, which writes it down.",
    )
