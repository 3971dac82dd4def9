"""The process that owns a lease: told to people by name, and known to be gone by its own host."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

# What the system rounds a start time to, and more.
_SAME_START_SECONDS = 2.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Owner:
    """One process.

    Attributes:
        command: what it runs, such as `pinlake silver`.
        host: the host's name, for people.
        place: where its pid is a pid: one boot of a host, one container.
        pid: its process id there.
        started: when the process started, in seconds since 1970.
        since: when it asked for the lease, ISO 8601 in UTC.
    """

    command: str
    host: str
    place: str
    pid: int
    started: float
    since: str

    @classmethod
    def this_process(cls, command: str) -> Owner:
        """Return the process that calls this."""
        process = psutil.Process()
        return cls(
            command=command,
            host=socket.gethostname(),
            place=_place(),
            pid=process.pid,
            started=process.create_time(),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def has_ended(self) -> bool:
        """Return whether the process is known to be gone; of other places nothing is known."""
        if self.place != _place():
            return False
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < _SAME_START_SECONDS
            return not same or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def __str__(self) -> str:
        """Return command, pid, host and time in one phrase."""
        return f"`{self.command}` (pid {self.pid} on {self.host}, since {self.since})"


def _place() -> str:
    # Hosts may share a name, and containers may share a host: their pids must not be taken for each other's.
    try:
        return f"{_BOOT_ID.read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # not Linux
        return f"{socket.gethostname()} {psutil.boot_time():.0f}"
