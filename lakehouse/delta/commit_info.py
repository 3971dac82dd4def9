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
from lakehouse.delta.metrics import StepMetrics


class Step(StrEnum):
    """What has made a commit or a load of Postgres; the values are stored."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    SERVING = "serving"
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
def user_and_host() -> str:
    """Return user and host of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user that has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


@dataclass(frozen=True)
class CommitInfo:
    """What one commit says about itself. The names of the attributes are stored.

    Attributes:
        run: one start of a command; UUIDv7.
        lane: batch or stream.
        step: what ran, a `Step`; empty until the write is made.
        query: what Delta knows the micro-batch by.
        batch: its number.
        began: when the micro-batch began.
        code: the version of Pinlake, with its git revision where that is known.
        who: user and host.
        offsets: what was read from Kafka or from landing objects.
        versions: what was read from a table.
        read: rows that came into the step; None if they were not counted.
        quarantined: rows that its gate refused.
        restored: the version that this brings back.
        net: net row change; set only for a restore, which has no Delta metric.
    """

    run: str
    lane: str
    step: Step | str
    began: datetime
    query: str = ""
    batch: int = 0
    code: str = field(default_factory=revision.code)
    who: str = field(default_factory=user_and_host)
    offsets: Sequence[OffsetRange] = ()
    versions: Versions | None = None
    read: int | None = None
    quarantined: int = 0
    restored: int | None = None
    net: int | None = None

    def with_metrics(self, metrics: StepMetrics) -> CommitInfo:
        """Return the same with what the step's gate has counted."""
        return replace(self, read=metrics.read, quarantined=metrics.quarantined)

    def as_json(self) -> str:
        """Return what is written into the commit."""
        assert self.step, "a write says which step makes it"
        return json.dumps(asdict(self), separators=(",", ":"), default=datetime.isoformat)


def begin(*, lane: str, step: Step | str = "", run: str | None = None) -> CommitInfo:
    """Return the commit info of what begins now; a micro-batch gets its step when a write is made."""
    return CommitInfo(run or new_event_id(), lane, step, datetime.now(UTC))


def parse(text: str | None) -> CommitInfo | None:
    """Return the info of a commit, or None if it has none: other writers store what they like there."""
    try:
        # An older one does not say who wrote it; the defaults would name the reader.
        stored = {"code": "", "who": "", **json.loads(text or "null")}
        known = {each.name: stored[each.name] for each in fields(CommitInfo) if each.name in stored}
        offsets = tuple(OffsetRange(**part) for part in known.pop("offsets", None) or ())
        versions = Versions(**part) if (part := known.pop("versions", None)) else None
        began = datetime.fromisoformat(known.pop("began"))
        return CommitInfo(**known, began=began, offsets=offsets, versions=versions)
    except (ValueError, TypeError, KeyError):
        return None
