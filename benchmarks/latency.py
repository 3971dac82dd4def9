"""How long a pin takes from its POST until a reader of Postgres sees it."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from types import TracebackType

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from benchmarks.pins import fresh_pins
from foundation.event import event_time
from foundation.postgres import connect
from foundation.settings import PostgresSettings
from ingestion.client.client import Answer
from ingestion.client.emulator import Pace, emulate

LOOK_SECONDS = 0.05
GIVE_UP_AFTER_SECONDS = 120
_NEW = "SELECT event_id::text, loaded_at FROM experimental_data WHERE loaded_at >= %s ORDER BY loaded_at"


def measure(url: str, settings: PostgresSettings, *, rate: float, seconds: float) -> list[float]:
    """Post fresh pins at a rate while the stream lane runs.

    The first quarter of them warms the lane up and is not counted.

    Args:
        url: of the door.
        settings: of the database the lane writes.
        rate: pins a second.
        seconds: how long to post what is counted.

    Returns:
        For each pin the seconds from just before its POST until it was seen in Postgres.
    """
    with Arrivals(settings) as arrivals:
        for part in (seconds / 4, seconds):
            event_ids = asyncio.run(_post(url, Pace(rate, count=max(2, round(rate * part)))))
            seen_at = arrivals.wait_for(event_ids)
    # The emulator makes a pin's event id just before it posts it.
    return [
        seen - event_time(uuid.UUID(event_id)).timestamp()
        for event_id, seen in zip(event_ids, seen_at, strict=True)
    ]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return what so many percent (1 to 99) of at least two values do not exceed, interpolated."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


async def _post(url: str, pace: Pace) -> list[str]:
    event_ids: list[str] = []

    def remember(answer: Answer) -> None:
        if answer.acknowledged is not None:
            event_ids.append(answer.acknowledged.event_id)

    assert pace.count is not None
    pins = [pin for _, pin in fresh_pins(pace.count)]
    await emulate(url, pins, pace, stopping=asyncio.Event(), on_answer=remember)
    return event_ids


class Arrivals:
    """A reader of Postgres that looks every 50 ms for events it has not seen; use it as a context.

    Args:
        settings: of the database the stream lane writes.
    """

    def __init__(self, settings: PostgresSettings) -> None:
        self.seen: dict[str, float] = {}
        self._settings = settings
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="arrivals", daemon=True)

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

    def wait_for(self, event_ids: Sequence[str]) -> list[float]:
        """Return when each event was first seen, in seconds since 1970.

        Raises:
            tenacity.RetryError: one of them does not come.
        """
        waiting = Retrying(
            retry=retry_if_result(lambda missing: missing),
            wait=wait_fixed(LOOK_SECONDS),
            stop=stop_after_delay(GIVE_UP_AFTER_SECONDS),
        )
        waiting(lambda: any(event_id not in self.seen for event_id in event_ids))
        return [self.seen[event_id] for event_id in event_ids]

    def _watch(self) -> None:
        newest = "-infinity"
        with closing(connect(self._settings)) as session, session.cursor() as cursor:
            session.autocommit = True
            while not self._ending.wait(LOOK_SECONDS):
                cursor.execute(_NEW, (newest,))
                rows = cursor.fetchall()
                now = time.time()
                for event_id, loaded_at in rows:
                    self.seen.setdefault(event_id, now)
                    newest = loaded_at
