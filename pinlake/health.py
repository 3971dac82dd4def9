"""How the stream lane is, in a small file of this machine that `pinlake status` reads."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal

import psutil

State = Literal["running", "waiting", "ended", "died"]


@dataclass(frozen=True)
class Vitals:
    """What the lane has told last.

    Attributes:
        state: waiting while a server is away; died if the process is gone without having ended.
        since: when that began, ISO 8601.
        wrote_at: when the last micro-batch was written.
        reason: what it waits for, or what has ended it.
        pid: of its process.
    """

    state: State
    since: str
    pid: int
    wrote_at: str | None = None
    reason: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing is in its way."""
        return self.state in ("running", "ended") and self.reason is None


class Health:
    """The file, as the lane writes it; use it as a context around a run."""

    def __init__(self, home: Path) -> None:
        self._path = _file(home)
        self._vitals = Vitals("running", _now(), os.getpid())

    def __enter__(self) -> None:
        """Tell that the lane runs."""
        self._vitals = Vitals("running", _now(), os.getpid())
        self._write()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell that it has ended, and why if it failed."""
        reason = None if error is None else str(error) or type(error).__name__
        self._vitals = replace(self._vitals, state="ended", since=_now(), reason=reason)
        self._write()

    def writes(self) -> None:
        """Tell that a micro-batch is written everywhere."""
        since = self._vitals.since if self._vitals.state == "running" else _now()
        self._vitals = replace(self._vitals, state="running", since=since, wrote_at=_now(), reason=None)
        self._write()

    def waits(self, reason: str) -> None:
        """Tell what the lane waits for."""
        since = self._vitals.since if self._vitals.state == "waiting" else _now()
        self._vitals = replace(self._vitals, state="waiting", since=since, reason=reason)
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self._vitals)), encoding="utf-8")
        new.replace(self._path)


def read(home: Path) -> Vitals | None:
    """Return how the lane of this machine is, or None if none was ever started."""
    try:
        vitals = Vitals(**json.loads(_file(home).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    gone = vitals.state != "ended" and not psutil.pid_exists(vitals.pid)
    return replace(vitals, state="died") if gone else vitals


def _file(home: Path) -> Path:
    return home / "stream.json"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
