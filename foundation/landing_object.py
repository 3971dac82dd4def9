"""The name of a landing object, which says which records the object contains."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from foundation.offsets import OffsetRange

FOLDER = "landing/pins"

_NAME = re.compile(
    r"/dt=(?P<day>[^/]+)/(?P<topic>[^/]+)-(?P<partition>\d+)-(?P<first>\d+)-(?P<last>\d+)\.jsonl\.gz\Z"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LandingObject:
    """One landing object.

    Attributes:
        day: day of its first record, UTC, as YYYY-MM-DD.
        offsets: offsets of its records.
    """

    day: str
    offsets: OffsetRange

    @classmethod
    def starting_at(cls, timestamp: int, offsets: OffsetRange) -> LandingObject:
        """Return the object whose first record has this Kafka timestamp, in milliseconds."""
        try:
            day = (_EPOCH + timedelta(milliseconds=timestamp)).strftime("%Y-%m-%d")
        except OverflowError:
            day = "1970-01-01"  # a producer may write any number; this one is outside the calendar
        return cls(day, offsets)

    @classmethod
    def parse(cls, path: str) -> LandingObject | None:
        """Return the object with this key or URL, or None if it is not the name of a landing object."""
        match = _NAME.search(path)
        if match is None:
            return None
        numbers = (int(match[name]) for name in ("partition", "first", "last"))
        return cls(match["day"], OffsetRange(match["topic"], *numbers))

    @property
    def key(self) -> str:
        """The key of the object in the bucket."""
        return f"{self.prefix}{self.offsets.last}.jsonl.gz"

    @property
    def prefix(self) -> str:
        """The common prefix of the keys of all objects that start with the same record."""
        return (
            f"{partition_prefix(self.day, self.offsets.topic, self.offsets.partition)}{self.offsets.first}-"
        )


def partition_prefix(day: str, topic: str, partition: int) -> str:
    """Return the common prefix of the keys of all objects of one partition and day."""
    return f"{FOLDER}/dt={day}/{topic}-{partition}-"
