"""Clients that post pins during a drill and remember what the API acknowledged."""

from __future__ import annotations

import asyncio
import random
import threading
import time
import uuid
from dataclasses import dataclass
from types import TracebackType

import httpx
import orjson

from foundation.errors import TransientError
from foundation.event import new_event_id
from foundation.settings import Settings
from ingestion.client.client import api_client, post_pin
from pinlake.app.demo import malformed_records as malformed

PINS = 500
CLIENTS = 16
REPEATED_SHARE = 0.02
MALFORMED_SECONDS = 5.0
CATEGORIES = ("art", "home", "travel", "food")


@dataclass(frozen=True)
class SentEvent:
    """An event as a client sent it."""

    unique_id: str
    event_id: str
    category: str
    follower_count: int

    def body(self) -> bytes:
        """Return the JSON document to post."""
        return orjson.dumps(
            {
                "unique_id": self.unique_id,
                "category": self.category,
                "follower_count": str(self.follower_count),
                "downloaded": self.follower_count % 2,
            }
        )


class LoadGenerator:
    """Posts pins at a given rate from a thread until its context ends; retries each until it is acknowledged.

    Args:
        url: of the API, which may be down.
        settings: of the broker, for records that bypass the API.
        rate: pins per second.
        seed: of the pins, their order and the pauses between them.

    Attributes:
        acknowledged: every event that the API answered with 201.
        answered_at: the monotonic times of these answers, in the same order.
        malformed: number of malformed records written to Kafka directly.
    """

    def __init__(self, url: str, settings: Settings, *, rate: float, seed: int) -> None:
        self.acknowledged: list[SentEvent] = []
        self.answered_at: list[float] = []
        self.malformed = 0
        self._url = url
        self._settings = settings
        self._rate = rate
        self._random = random.Random(seed)
        self._pins = [str(uuid.UUID(int=self._random.getrandbits(128), version=4)) for _ in range(PINS)]
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=run, name=run.__name__, daemon=True)
            for run in (self._post, self._write_malformed)
        ]

    def __enter__(self) -> LoadGenerator:
        """Start to post."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Create no new event, and wait until every event is acknowledged."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def longest_silence(self) -> float:
        """Return the longest time, in seconds, between two acknowledgements."""
        pairs = zip(self.answered_at, self.answered_at[1:], strict=False)
        return max((later - earlier for earlier, later in pairs), default=0.0)

    def _post(self) -> None:
        asyncio.run(self._post_all())

    async def _post_all(self) -> None:
        queue: asyncio.Queue[SentEvent | None] = asyncio.Queue(maxsize=CLIENTS)
        async with api_client(self._url, connections=CLIENTS) as client, asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._post_queued(client, queue))
            number = 0
            while not self._ending.is_set():
                number += 1
                await queue.put(self._make_event(number))
                await asyncio.sleep(self._random.expovariate(self._rate))
            for _ in range(CLIENTS):
                await queue.put(None)

    async def _post_queued(self, client: httpx.AsyncClient, queue: asyncio.Queue[SentEvent | None]) -> None:
        while (event := await queue.get()) is not None:
            while (await post_pin(client, event.body(), event_id=event.event_id)).acknowledged is None:
                pass
            self.acknowledged.append(event)
            self.answered_at.append(time.monotonic())

    def _make_event(self, number: int) -> SentEvent:
        if self.acknowledged and self._random.random() < REPEATED_SHARE:
            return self._random.choice(self.acknowledged[-PINS:])
        return SentEvent(
            self._random.choice(self._pins), new_event_id(), self._random.choice(CATEGORIES), number
        )

    def _write_malformed(self) -> None:
        """Write records that are not pins; any with an event id would look like the API's."""
        records = [record for record in malformed.records() if record.event_id is None]
        while not self._ending.wait(MALFORMED_SECONDS):
            try:
                malformed.write(self._settings.kafka, records)
            except TransientError:
                continue
            self.malformed += len(records)
