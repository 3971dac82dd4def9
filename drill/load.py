"""Clients that post pins while everything around them dies, and remember what the door has acknowledged."""

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
REPEATED = 0.02
MALFORMED_SECONDS = 5.0
CATEGORIES = ("art", "home", "travel", "food")


@dataclass(frozen=True)
class Sent:
    """What a client has made of one event."""

    unique_id: str
    event_id: str
    category: str
    follower_count: int

    def body(self) -> bytes:
        """Return the pin as it is posted."""
        return orjson.dumps(
            {
                "unique_id": self.unique_id,
                "category": self.category,
                "follower_count": str(self.follower_count),
                "downloaded": self.follower_count % 2,
            }
        )


class Load:
    """Posts at a rate from a thread of its own until its context ends; no post is given up.

    Args:
        url: of the door, which may be away.
        settings: of the broker, for records that go past the door.
        rate: pins a second.
        seed: of pins, order and gaps.

    Attributes:
        acknowledged: every event that the door has answered with 201.
        answered_at: when, by the monotonic clock, in the order of the answers.
        malformed: records written past the door.
    """

    def __init__(self, url: str, settings: Settings, *, rate: float, seed: int) -> None:
        self.acknowledged: list[Sent] = []
        self.answered_at: list[float] = []
        self.malformed = 0
        self._url = url
        self._settings = settings
        self._rate = rate
        self._random = random.Random(seed)
        self._pins = [str(uuid.UUID(int=self._random.getrandbits(128), version=4)) for _ in range(PINS)]
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=run, name=run.__name__, daemon=True) for run in (self._post, self._litter)
        ]

    def __enter__(self) -> Load:
        """Begin to post."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make no new event; wait until every one that was made is acknowledged."""
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
        waiting: asyncio.Queue[Sent | None] = asyncio.Queue(maxsize=CLIENTS)
        async with api_client(self._url, connections=CLIENTS) as client, asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._serve(client, waiting))
            number = 0
            while not self._ending.is_set():
                number += 1
                await waiting.put(self._event(number))
                await asyncio.sleep(self._random.expovariate(self._rate))
            for _ in range(CLIENTS):
                await waiting.put(None)

    async def _serve(self, client: httpx.AsyncClient, waiting: asyncio.Queue[Sent | None]) -> None:
        while (event := await waiting.get()) is not None:
            while (await post_pin(client, event.body(), event_id=event.event_id)).acknowledged is None:
                pass
            self.acknowledged.append(event)
            self.answered_at.append(time.monotonic())

    def _event(self, number: int) -> Sent:
        if self.acknowledged and self._random.random() < REPEATED:
            return self._random.choice(self.acknowledged[-PINS:])
        return Sent(self._random.choice(self._pins), new_event_id(), self._random.choice(CATEGORIES), number)

    def _litter(self) -> None:
        """Write records that are no pins; those that carry an event id would look like the door's."""
        rubbish = [record for record in malformed.records() if record.event_id is None]
        while not self._ending.wait(MALFORMED_SECONDS):
            try:
                malformed.write(self._settings.kafka, rubbish)
            except TransientError:
                continue
            self.malformed += len(rubbish)
