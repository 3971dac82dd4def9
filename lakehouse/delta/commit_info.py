"""Commit info: the run and step that made a commit, and the input that it was made from.

It is part of the commit, so that no crash can separate the two. `lakehouse.observability.ledger` collects it.
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

from foundation import version
from foundation.event import new_event_id
from foundation.offsets import OffsetRange
from lakehouse.delta.metrics import StepMetrics


class Step(StrEnum):
    """The step that made a commit or a load of Postgres. The values are stored."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    SERVING = "serving"
    LOST = "lost"
    REPLAY = "replay"
    FIX = "fix"
    DROP = "drop"
    REBUILD = "rebuild"
    RESTORE = "restore"
    ERASE = "erase"
    EXPIRE = "expire"


@dataclass(frozen=True)
class Versions:
    """Versions of the table that a step reads, first and last inclusive."""

    first: int
    last: int


@cache
def user_and_host() -> str:
    """Return the user and host of this process, as user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


@dataclass(frozen=True)
class CommitInfo:
    """The metadata of one commit. The names of the attributes are stored.

    Attributes:
        run: one start of a command; UUIDv7.
        lane: batch or stream.
        step: the `Step` that ran; empty until the write is made.
        query: the query id by which Delta recognises the micro-batch.
        batch: the micro-batch's number.
        began: when the micro-batch began.
        code: the version of Pinlake, with its git revision if known.
        who: user and host.
        offsets: the Kafka offsets read, from the broker or from landing objects.
        versions: the versions of a table that were read.
        read: rows read by the step; None if they were not counted.
        quarantined: rows refused by the step's gate.
        passed: records of a micro-batch that passed the gates of silver and gold, repeats included; None if
            they were not counted.
        restored: the version that a restore returns to.
        net: net row change; set only for a restore, which has no Delta metric.
    """

    run: str
    lane: str
    step: Step | str
    began: datetime
    query: str = ""
    batch: int = 0
    code: str = field(default_factory=version.code_version)
    who: str = field(default_factory=user_and_host)
    offsets: Sequence[OffsetRange] = ()
    versions: Versions | None = None
    read: int | None = None
    quarantined: int = 0
    passed: int | None = None
    restored: int | None = None
    net: int | None = None

    def with_metrics(self, metrics: StepMetrics) -> CommitInfo:
        """Return a copy with the counts of the step's gate."""
        return replace(self, read=metrics.read, quarantined=metrics.quarantined)

    def as_json(self) -> str:
        """Return the text that is written into the commit."""
        assert self.step, "every write must name its step"
        return json.dumps(asdict(self), separators=(",", ":"), default=datetime.isoformat)


def begin(*, lane: str, step: Step | str = "", run: str | None = None) -> CommitInfo:
    """Return the commit info of a run or micro-batch that begins now.

    Args:
        lane: batch or stream.
        step: the step; a micro-batch gets it later, when a write is made.
        run: the run's id; a new one by default.
    """
    return CommitInfo(run or new_event_id(), lane, step, datetime.now(UTC))


def parse(text: str | None) -> CommitInfo | None:
    """Return the commit info in a commit's metadata, or None: other writers may store anything there."""
    try:
        # Older commit info does not name its writer; the defaults would name the reader.
        stored = {"code": "", "who": "", **json.loads(text or "null")}
        values = {each.name: stored[each.name] for each in fields(CommitInfo) if each.name in stored}
        offsets = tuple(OffsetRange(**part) for part in values.pop("offsets", None) or ())
        versions = Versions(**part) if (part := values.pop("versions", None)) else None
        began = datetime.fromisoformat(values.pop("began"))
        return CommitInfo(**values, began=began, offsets=offsets, versions=versions)
    except (ValueError, TypeError, KeyError):
        return None
