"""The process that owns a lease or runs the stream lane: its identity, and whether it is alive."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

# A process counts as alive for this long without rewriting its object as a heartbeat.
EXPIRY_SECONDS = 60.0
# More than the error of rounding in the start times that the system reports.
_SAME_START_SECONDS = 2.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class LockOwner:
    """One process.

    Attributes:
        command: the command that it runs, such as `pinlake silver`.
        host: the host's name, for people.
        host_id: the scope of its pid: one boot of one host, or one container.
        pid: its process id there.
        started: when the process started, in seconds since 1970.
        since: when it asked for the lease, ISO 8601 in UTC.
    """

    command: str
    host: str
    host_id: str
    pid: int
    started: float
    since: str

    @classmethod
    def this_process(cls, command: str) -> LockOwner:
        """Return the calling process."""
        process = psutil.Process()
        return cls(
            command=command,
            host=socket.gethostname(),
            host_id=_host_id(),
            pid=process.pid,
            started=process.create_time(),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> LockOwner:
        """Return the process that `as_dict` has described."""
        return cls(**{"host_id" if name == "place" else name: value for name, value in stored.items()})

    def as_dict(self) -> dict[str, Any]:
        """Return the fields under the names that they are stored by; `host_id` is stored as `place`."""
        return {"place" if name == "host_id" else name: value for name, value in asdict(self).items()}

    def is_alive(self, seconds: float, *, expiry: float = EXPIRY_SECONDS) -> bool:
        """Return whether the process counts as alive; on this host it does not as soon as it is gone.

        Args:
            seconds: how long ago it wrote its object.
            expiry: after how many seconds without a heartbeat it counts as dead.
        """
        return seconds <= expiry and not self.has_ended()

    def has_ended(self) -> bool:
        """Return whether the process is known to have ended; nothing is known about other hosts."""
        if self.host_id != _host_id():
            return False
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.started) < _SAME_START_SECONDS
            return not is_same or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def __str__(self) -> str:
        """Return command, pid, host and time in one phrase."""
        return f"`{self.command}` (pid {self.pid} on {self.host}, since {self.since})"


def _host_id() -> str:
    # Hosts may share a name, and containers may share a host: their pids must not be confused.
    try:
        return f"{_BOOT_ID.read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # not Linux
        return f"{socket.gethostname()} {psutil.boot_time():.0f}"
