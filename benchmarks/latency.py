"""The time from the POST of a pin until a reader of Postgres sees it."""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from collections.abc import Sequence
from contextlib import closing

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from benchmarks.pins import fresh_pins
from foundation.background_thread import BackgroundThread
from foundation.event import event_time
from foundation.postgres import connect
from foundation.settings import PostgresSettings
from ingestion.client.client import Answer
from ingestion.client.emulator import Pace, emulate

POLL_SECONDS = 0.05
GIVE_UP_AFTER_SECONDS = 120
_NEW = "SELECT event_id::text, loaded_at FROM experimental_data WHERE loaded_at >= %s ORDER BY loaded_at"


def measure(url: str, settings: PostgresSettings, *, rate: float, seconds: float) -> list[float]:
    """Post fresh pins at a rate while the stream lane runs.

    A first load, a quarter as long, warms the lane up and is not counted.

    Args:
        url: of the API.
        settings: of the database the lane writes.
        rate: pins per second.
        seconds: duration of the counted load.

    Returns:
        The seconds from just before the POST until the pin was seen in Postgres, for each pin.
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
    """Return the interpolated percentile (1 to 99) of at least two values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


async def _post(url: str, pace: Pace) -> list[str]:
    event_ids: list[str] = []

    def collect_event_id(answer: Answer) -> None:
        if answer.acknowledged is not None:
            event_ids.append(answer.acknowledged.event_id)

    assert pace.count is not None
    pins = [pin for _, pin in fresh_pins(pace.count)]
    await emulate(url, pins, pace, stopping=asyncio.Event(), on_answer=collect_event_id)
    return event_ids


class Arrivals(BackgroundThread):
    """A reader of Postgres that polls every 50 ms for new events, as a context manager.

    Args:
        settings: of the database the stream lane writes.
    """

    def __init__(self, settings: PostgresSettings) -> None:
        super().__init__("arrivals")
        self.seen: dict[str, float] = {}
        self._settings = settings

    def wait_for(self, event_ids: Sequence[str]) -> list[float]:
        """Wait for events, and return when each was first seen, in seconds since 1970.

        Raises:
            tenacity.RetryError: one of them did not arrive in time.
        """
        retrying = Retrying(
            retry=retry_if_result(lambda missing: missing),
            wait=wait_fixed(POLL_SECONDS),
            stop=stop_after_delay(GIVE_UP_AFTER_SECONDS),
        )
        retrying(lambda: any(event_id not in self.seen for event_id in event_ids))
        return [self.seen[event_id] for event_id in event_ids]

    def _run(self) -> None:
        newest = "-infinity"
        with closing(connect(self._settings)) as session, session.cursor() as cursor:
            session.autocommit = True
            while not self._ending.wait(POLL_SECONDS):
                cursor.execute(_NEW, (newest,))
                rows = cursor.fetchall()
                now = time.time()
                for event_id, loaded_at in rows:
                    self.seen.setdefault(event_id, now)
                    newest = loaded_at
