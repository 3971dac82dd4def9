"""Who is killed when, and how long it takes until what is posted afterwards is served again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType

import psycopg2

from drill.cast import SERVERS, Cast
from foundation.postgres import connect
from foundation.settings import PostgresSettings

LOOK_SECONDS = 0.2
LONGEST_ABSENCE = 4.0
GIVE_UP_AFTER_SECONDS = 10.0
_NEWEST = "SELECT extract(epoch FROM max(event_time))::float8 FROM experimental_data"


@dataclass(frozen=True)
class Blow:
    """One kill to come.

    Attributes:
        moment: when, in seconds from the beginning.
        name: who is killed.
        absence: how long a server stays away, in seconds.
    """

    moment: float
    name: str
    absence: float


@dataclass
class Fault:
    """One kill.

    Attributes:
        name: who was killed.
        at: when, in seconds since 1970.
        recovered: seconds until Postgres served an event that was posted later; None if it never did.
    """

    name: str
    at: float
    recovered: float | None = None


class Arrivals:
    """Looks what Postgres serves, and so when each fault is over; use it as a context."""

    def __init__(self, settings: PostgresSettings, faults: list[Fault]) -> None:
        self.newest = 0.0
        self._settings = settings
        self._faults = faults
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, name="arrivals", daemon=True)

    def __enter__(self) -> Arrivals:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look no longer."""
        self._ending.set()
        self._thread.join()

    @property
    def all_over(self) -> bool:
        """Whether everything has recovered from every fault."""
        return all(fault.recovered is not None for fault in self._faults)

    def _look(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            try:
                with closing(connect(self._settings)) as session, session.cursor() as cursor:
                    cursor.execute(_NEWEST)
                    self.newest = (cursor.fetchone() or (None,))[0] or 0.0
            except psycopg2.Error:
                # It may be the one that was killed, or not have the table yet.
                continue
            now = time.time()
            for fault in self._faults:
                if fault.recovered is None and self.newest > fault.at:
                    fault.recovered = now - fault.at


def schedule(names: Sequence[str], *, count: int, seconds: float, seed: int) -> list[Blow]:
    """Return whom to kill when: random moments, and everybody once before anybody twice."""
    randomness = random.Random(seed)
    moments = sorted(randomness.uniform(0, seconds) for _ in range(count))
    victims: list[str] = []
    while len(victims) < count:
        victims += randomness.sample(names, len(names))
    absences = (randomness.uniform(0, LONGEST_ABSENCE) for _ in moments)
    return [Blow(*blow) for blow in zip(moments, victims, absences, strict=False)]


def inflict(cast: Cast, faults: list[Fault], blows: Sequence[Blow], *, seconds: float) -> None:
    """Kill as scheduled; servers are started again after their absence.

    Args:
        cast: whom.
        faults: each is added as it happens.
        blows: in their order.
        seconds: how long to stay, at least.
    """
    began = time.monotonic()
    for blow in blows:
        _sleep_until(began + blow.moment)
        at = time.time()
        if not _kill(cast, blow.name):
            continue
        faults.append(Fault(blow.name, at))
        if blow.name in SERVERS:
            time.sleep(blow.absence)
            cast.restore()
    _sleep_until(began + seconds)


def _kill(cast: Cast, name: str) -> bool:
    """Kill whoever bears a name; one that was killed shortly before may still be on its way back."""
    deadline = time.monotonic() + GIVE_UP_AFTER_SECONDS
    while not cast.kill(name):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
