"""The schedule of kills, and the time from each until a pin that is posted later is served."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import psycopg2

from drill.cast import SERVERS, DrillProcesses
from foundation.background_thread import BackgroundThread
from foundation.postgres import connect
from foundation.settings import PostgresSettings

POLL_SECONDS = 0.2
MAX_OUTAGE_SECONDS = 4.0
GIVE_UP_AFTER_SECONDS = 10.0
_NEWEST = "SELECT extract(epoch FROM max(event_time))::float8 FROM experimental_data"


@dataclass(frozen=True)
class PlannedKill:
    """One kill of the schedule.

    Attributes:
        moment: its time, in seconds from the start.
        name: the process to kill.
        outage_seconds: how long a server stays down; other processes restart at once.
    """

    moment: float
    name: str
    outage_seconds: float


@dataclass
class Fault:
    """One kill that was done.

    Attributes:
        name: the process that was killed.
        at: its time, in seconds since 1970.
        recovered: seconds until Postgres served an event that was posted later; None if it never did.
    """

    name: str
    at: float
    recovered: float | None = None


class Arrivals(BackgroundThread):
    """A thread that polls Postgres for the newest event and dates the recovery from each fault."""

    def __init__(self, settings: PostgresSettings, faults: list[Fault]) -> None:
        super().__init__("arrivals")
        self.newest = 0.0
        self._settings = settings
        self._faults = faults

    @property
    def all_recovered(self) -> bool:
        """Whether everything has recovered from every fault."""
        return all(fault.recovered is not None for fault in self._faults)

    def _run(self) -> None:
        while not self._ending.wait(POLL_SECONDS):
            try:
                with closing(connect(self._settings)) as session, session.cursor() as cursor:
                    cursor.execute(_NEWEST)
                    self.newest = (cursor.fetchone() or (None,))[0] or 0.0
            except psycopg2.Error:
                # Postgres may have been killed, or the table may not exist yet.
                continue
            now = time.time()
            for fault in self._faults:
                if fault.recovered is None and self.newest > fault.at:
                    fault.recovered = now - fault.at


def schedule(names: Sequence[str], *, count: int, seconds: float, seed: int) -> list[PlannedKill]:
    """Return kills at random times; each process is killed once before any is killed twice."""
    randomness = random.Random(seed)
    moments = sorted(randomness.uniform(0, seconds) for _ in range(count))
    victims: list[str] = []
    while len(victims) < count:
        victims += randomness.sample(names, len(names))
    outages = (randomness.uniform(0, MAX_OUTAGE_SECONDS) for _ in moments)
    return [PlannedKill(*kill) for kill in zip(moments, victims, outages, strict=False)]


def inject_faults(
    processes: DrillProcesses, faults: list[Fault], kills: Sequence[PlannedKill], *, seconds: float
) -> None:
    """Kill as scheduled, and restart each server after its outage.

    Args:
        processes: the processes to kill.
        faults: a list to which each fault is added as it happens.
        kills: the schedule, in order of time.
        seconds: the minimum duration.
    """
    began = time.monotonic()
    for kill in kills:
        _sleep_until(began + kill.moment)
        at = time.time()
        if not _kill(processes, kill.name):
            continue
        faults.append(Fault(kill.name, at))
        if kill.name in SERVERS:
            time.sleep(kill.outage_seconds)
            processes.restore()
    _sleep_until(began + seconds)


def _kill(processes: DrillProcesses, name: str) -> bool:
    """Kill a process by its name, waiting while it restarts after an earlier kill."""
    deadline = time.monotonic() + GIVE_UP_AFTER_SECONDS
    while not processes.kill(name):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
