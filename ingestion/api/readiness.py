"""Readiness of the API: its topics exist and the broker answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from foundation import kafka_admin
from foundation.errors import PinlakeError
from foundation.settings import KafkaSettings
from ingestion.producer import Publisher

CACHED_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Readiness:
    """Creates the topics when Kafka answers, then asks the broker at most once per second.

    Args:
        kafka: broker and topics.
        publisher: its connection is used to ask the broker.
        clock: monotonic clock, in seconds.
    """

    def __init__(
        self, kafka: KafkaSettings, publisher: Publisher, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kafka = kafka
        self._publisher = publisher
        self._clock = clock
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._reachable = False
        self.topics_exist = False

    async def create_topics(self) -> None:
        """Try until both topics exist, at least every five seconds."""
        waiting = AsyncRetrying(
            retry=retry_if_exception_type(PinlakeError),
            wait=wait_exponential(multiplier=0.2, max=5),
            before_sleep=lambda state: _log.warning(
                "topics not there yet", error=str(state.outcome.exception() if state.outcome else None)
            ),
        )
        await waiting(asyncio.to_thread, kafka_admin.create_topics, self._kafka)
        self.topics_exist = True

    async def check(self) -> bool:
        """Return whether Kafka can take events now."""
        if not self.topics_exist:
            return False
        async with self._asking:
            if self._clock() - self._asked_at > CACHED_SECONDS:
                self._reachable = await asyncio.to_thread(self._publisher.is_reachable)
                self._asked_at = self._clock()
        return self._reachable
