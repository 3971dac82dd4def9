"""What a commit says about itself: which run and step has made it, and out of what.

It stands in the commit, so that no crash can part the two; `lakehouse.ledger` gathers it from there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import metadata

from lakehouse.counts import Counts
from pinlake.event import new_event_id


@dataclass(frozen=True)
class Offsets:
    """Offsets of one Kafka partition, the first and the last of them included."""

    topic: str
    partition: int
    first: int
    last: int


@dataclass(frozen=True)
class Versions:
    """Versions of the table that a step reads, the first and the last of them included."""

    first: int
    last: int


@dataclass(frozen=True)
class Receipt:
    """One step's part of a micro-batch.

    Attributes:
        run: one start of a command; UUIDv7.
        lane: batch or stream.
        step: what ran: a layer, replay or rebuild.
        query: what Delta knows the micro-batch by.
        batch: its number.
        began: when the micro-batch began.
        code: the version of Pinlake.
        offsets: what was read from Kafka or from landing objects.
        versions: what was read from a table.
        read: rows that came into the step; None if it has not counted them.
        quarantined: rows that its gate has refused.
    """

    run: str
    lane: str
    step: str
    began: datetime
    query: str = ""
    batch: int = 0
    code: str = metadata.version("pinlake")
    offsets: Sequence[Offsets] = ()
    versions: Versions | None = None
    read: int | None = None
    quarantined: int = 0

    def counting(self, counts: Counts, *, step: str) -> Receipt:
        """Return the receipt of a step with what its gate has counted."""
        return replace(self, step=step, read=counts.read, quarantined=counts.quarantined)

    def as_json(self) -> str:
        """Return what is written into the commit."""
        return json.dumps(asdict(self), separators=(",", ":"), default=datetime.isoformat)


def begin(*, lane: str, step: str, run: str | None = None) -> Receipt:
    """Return the receipt of what begins now."""
    return Receipt(run or new_event_id(), lane, step, datetime.now(UTC))
