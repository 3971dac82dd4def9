"""A buffer of records of one partition, which becomes one landing object."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from isal import igzip
from kafka.consumer.fetcher import ConsumerRecord

from foundation.landing_object import LandingObject
from foundation.offsets import OffsetRange
from ingestion.landing.envelope import to_line

COMPRESSION_LEVEL = 1


class ObjectBuffer:
    """Consecutive records, stored as landing lines.

    Args:
        opened_at: seconds of the caller's monotonic clock.
    """

    def __init__(self, *, opened_at: float) -> None:
        self._ends: list[ConsumerRecord] = []
        self._lines: list[bytes] = []
        self.opened_at = opened_at
        self.size = 0

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self._lines)

    @property
    def landing_object(self) -> LandingObject:
        """The landing object of these records; there must be at least one."""
        first, last = self._ends
        offsets = OffsetRange(first.topic, first.partition, first.offset, last.offset)
        return LandingObject.starting_at(first.timestamp, offsets)

    @property
    def first_record_hash(self) -> str:
        """A hash that differs for a record with the same offset in an earlier topic of the same name."""
        return hashlib.sha256(self._lines[0]).hexdigest()

    def extend(self, records: Sequence[ConsumerRecord]) -> None:
        """Add at least one record; `size` grows by the bytes of their lines."""
        lines = [to_line(record) for record in records]
        self._lines += lines
        self.size += sum(map(len, lines))
        self._ends = [(self._ends or records)[0], records[-1]]

    def compress(self) -> bytes:
        """Return the body of the object; equal records give equal bytes."""
        body: bytes = igzip.compress(b"".join(self._lines), compresslevel=COMPRESSION_LEVEL, mtime=0)
        return body
