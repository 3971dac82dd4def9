"""What a commit says about itself: which run and step has made it, and out of what.

It is part of the commit, so that no crash can separate the two; `lakehouse.observability.ledger` collects it
from there.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache

from foundation import version as revision
from foundation.event import new_event_id
from foundation.offsets import OffsetRange
from lakehouse.delta.metrics import Counts


class Step(StrEnum):
    """The steps outside the flow from Kafka; inside it a step has the name of the layer that it writes."""

    REPLAY = "replay"
    FIX = "fix"
    DROP = "drop"
    REBUILD = "rebuild"
    RESTORE = "restore"
    ERASE = "erase"


@dataclass(frozen=True)
class Versions:
    """Versions of the table that a step reads, the first and the last of them included."""

    first: int
    last: int


@cache
def who() -> str:
    """Return user and host of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user that has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


@dataclass(frozen=True)
class Receipt:
    """One step's part of a micro-batch.

    Attributes:
        run: one start of a command; UUIDv7.
        lane: batch or stream.
        step: what ran: a layer, or a `Step`.
        query: what Delta knows the micro-batch by.
        batch: its number.
        began: when the micro-batch began.
        code: the version of Pinlake, with its git revision where that is known.
        who: user and host.
        offsets: what was read from Kafka or from landing objects.
        versions: what was read from a table.
        read: rows that came into the step; None if it has not counted them.
        quarantined: rows that its gate has refused.
        restored: the version that this brings back.
        net: rows that the table has more than before, where no metric of Delta tells: of a restore.
    """

    run: str
    lane: str
    step: str
    began: datetime
    query: str = ""
    batch: int = 0
    code: str = field(default_factory=revision.code)
    who: str = field(default_factory=who)
    offsets: Sequence[OffsetRange] = ()
    versions: Versions | None = None
    read: int | None = None
    quarantined: int = 0
    restored: int | None = None
    net: int | None = None

    def counting(self, counts: Counts, *, step: str) -> Receipt:
        """Return the receipt of a step with what its gate has counted."""
        return replace(self, step=step, read=counts.read, quarantined=counts.quarantined)

    def as_json(self) -> str:
        """Return what is written into the commit."""
        return json.dumps(asdict(self), separators=(",", ":"), default=datetime.isoformat)


def begin(*, lane: str, step: str, run: str | None = None) -> Receipt:
    """Return the receipt of what begins now."""
    return Receipt(run or new_event_id(), lane, step, datetime.now(UTC))


def parse(text: str | None) -> Receipt | None:
    """Return the receipt of a commit, or None if it has none: others write what they like there."""
    try:
        # Of an older one it is not known who; the defaults would name who reads it.
        held = {"code": "", "who": "", **json.loads(text or "null")}
        known = {each.name: held[each.name] for each in fields(Receipt) if each.name in held}
        offsets = tuple(OffsetRange(**part) for part in known.pop("offsets", None) or ())
        versions = Versions(**part) if (part := known.pop("versions", None)) else None
        began = datetime.fromisoformat(known.pop("began"))
        return Receipt(**known, began=began, offsets=offsets, versions=versions)
    except (ValueError, TypeError, KeyError):
        return None
