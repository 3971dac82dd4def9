"""An emulator of many clients: it posts a data set at a given rate, once or repeatedly."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import httpx

from foundation.event import new_event_id
from ingestion.client.client import CONNECTIONS, Answer, api_client, check_api, post_pin

REMEMBERED_LATENCIES = 1_000_000


@dataclass(frozen=True)
class Pace:
    """Rate and number of posts.

    Args:
        rate: pins per second on average, with exponential gaps; 0 is as fast as the API answers.
        count: number of posts; None for each pin once, or with `loop` until it is stopped.
        loop: start again, in another order, when all pins are posted.
        connections: how many posts are under way at a time.
        seed: seed of the order and the gaps.
    """

    rate: float
    count: int | None = None
    loop: bool = False
    connections: int = CONNECTIONS
    seed: int | None = None


@dataclass
class EmulationSummary:
    """Answers of the API. A latency is the time from first attempt to final answer, of the newest million."""

    statuses: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    seconds: float = 0.0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_LATENCIES))

    @property
    def posted(self) -> int:
        """Number of pins that got an answer or were given up."""
        return self.statuses.total()

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        self.statuses[str(answer.status or "unanswered")] += 1
        self.retries += answer.retries
        self.latencies.append(answer.seconds)

    def percentile(self, percent: float) -> float | None:
        """Return the latency, in seconds, that this percentage of the posts does not exceed."""
        ordered = sorted(self.latencies)
        return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1] if ordered else None


async def emulate(
    url: str,
    pins: Sequence[bytes],
    pace: Pace,
    *,
    stopping: asyncio.Event,
    on_answer: Callable[[Answer], None] = lambda answer: None,
) -> EmulationSummary:
    """Post pins to the API at a rate, in random order.

    Args:
        url: address of the API.
        pins: JSON objects.
        pace: rate and number of posts.
        stopping: set it to stop early; posts under way are still awaited.
        on_answer: called with every answer.

    Returns:
        The summary, also after an early stop.

    Raises:
        TransientError: the API does not answer.
    """
    randomness = random.Random(pace.seed)
    clock = asyncio.get_running_loop().time
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=pace.connections)
    summary = EmulationSummary()

    async def post(client: httpx.AsyncClient) -> None:
        while (pin := await waiting.get()) is not None:
            answer = await post_pin(client, pin, event_id=new_event_id())
            summary.add(answer)
            on_answer(answer)

    async with api_client(url, connections=pace.connections) as client:
        await check_api(client)
        due = started = clock()
        async with asyncio.TaskGroup() as group:
            for _ in range(pace.connections):
                group.create_task(post(client))
            for pin in islice(_shuffled(pins, randomness, loop=pace.loop), pace.count):
                if pace.rate:
                    due += randomness.expovariate(pace.rate)
                if await _is_set_by(stopping, due - clock()):
                    break
                await waiting.put(pin)
            for _ in range(pace.connections):
                await waiting.put(None)
        summary.seconds = clock() - started
    return summary


def _shuffled(pins: Sequence[bytes], randomness: random.Random, *, loop: bool) -> Iterator[bytes]:
    while True:
        yield from randomness.sample(pins, len(pins))
        if not loop:
            return


async def _is_set_by(event: asyncio.Event, seconds: float) -> bool:
    if seconds > 0 and not event.is_set():
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return False
    return event.is_set()
