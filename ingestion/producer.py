"""The Kafka producer: it sends each event to both topics and waits until both have acknowledged it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from foundation.clients import librdkafka_config
from foundation.event import EVENT_ID_HEADER, RECEIVED_AT_HEADER
from foundation.settings import KafkaSettings
from ingestion.api.pin_validation import Pin

QUEUED_MESSAGES = 1_000_000
QUEUED_KIBIBYTES = 256 * 1024
PROBE_SECONDS = 1.0
POLL_SECONDS = 0.1

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted pin with its event id."""

    event_id: str
    pin: Pin


class Publisher:
    """An idempotent producer with a thread that serves its delivery reports.

    The producer gives up a message that is not acknowledged in time before the caller gets its result. So
    "not acknowledged" stays true, unless the broker had the message and its answer was lost. Delivery is
    therefore at least once: a retry with the same event id repeats the same event.

    Args:
        kafka: broker and topics.
        acknowledge_seconds: how long acknowledgements may take.
    """

    def __init__(self, kafka: KafkaSettings, *, acknowledge_seconds: float) -> None:
        self._topics = (kafka.batch_topic, kafka.stream_topic)
        self._acknowledge_seconds = acknowledge_seconds
        self._producer = Producer(
            {
                **librdkafka_config(kafka),
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "lz4",
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                "message.timeout.ms": int(acknowledge_seconds * 900),
                "queue.buffering.max.messages": QUEUED_MESSAGES,
                "queue.buffering.max.kbytes": QUEUED_KIBIBYTES,
                "log_level": 2,
                "error_cb": _log_error,
            }
        )
        self._closing = threading.Event()
        self._reports = threading.Thread(target=self._serve_reports, name="delivery-reports", daemon=True)
        self._reports.start()

    async def publish(self, events: Sequence[Event], *, received_at: datetime) -> list[bool]:
        """Send events to both topics.

        Args:
            events: at least one.
            received_at: when the API received them, UTC.

        Returns:
            For each event, whether both topics acknowledged it within `acknowledge_seconds`.
        """
        delivery = _Delivery(len(events), topics=len(self._topics), loop=asyncio.get_running_loop())
        if len(events) == 1:
            self._produce(events, received_at, delivery)
        else:
            # Thousands of calls would delay every other request.
            await asyncio.to_thread(self._produce, events, received_at, delivery)
        try:
            await asyncio.wait_for(delivery.done, self._acknowledge_seconds)
        except TimeoutError:
            _log.warning("acknowledgements missing", events=len(events))
        return delivery.acknowledged

    def is_reachable(self) -> bool:
        """Return whether the broker answers and has both topics. Costs at most one second."""
        try:
            existing = self._producer.list_topics(timeout=PROBE_SECONDS).topics
        except KafkaException:
            return False
        return all(topic in existing for topic in self._topics)

    def close(self) -> None:
        """Wait for the messages under way, then stop."""
        messages = self._producer.flush(self._acknowledge_seconds)
        if messages:
            _log.warning("closed before all was acknowledged", messages=messages)
        self._closing.set()
        self._reports.join()

    def _produce(self, events: Sequence[Event], received_at: datetime, delivery: _Delivery) -> None:
        milliseconds = int(received_at.timestamp() * 1000)
        received = received_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
        for index, event in enumerate(events):
            headers: list[tuple[str, str | bytes | None]] = [
                (EVENT_ID_HEADER, event.event_id.encode()),
                (RECEIVED_AT_HEADER, received),
            ]
            report = partial(delivery.report, index)
            for topic in self._topics:
                try:
                    self._producer.produce(
                        topic,
                        value=event.pin.value,
                        key=event.pin.unique_id.encode(),
                        on_delivery=report,
                        timestamp=milliseconds,
                        headers=headers,
                    )
                except (BufferError, KafkaException) as error:
                    _log.warning("message not queued", topic=topic, error=str(error))
                    delivery.settle(index, acknowledged=False)

    def _serve_reports(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(POLL_SECONDS)


class _Delivery:
    """The delivery reports of one request; `done` is set after the last one."""

    def __init__(self, events: int, *, topics: int, loop: asyncio.AbstractEventLoop) -> None:
        self.done: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._topics = topics
        self._counts = [0] * events
        self._missing = events * topics
        self._lock = threading.Lock()

    @property
    def acknowledged(self) -> list[bool]:
        return [count == self._topics for count in self._counts]

    def report(self, index: int, error: KafkaError | None, _message: Message) -> None:
        self.settle(index, acknowledged=error is None)

    def settle(self, index: int, *, acknowledged: bool) -> None:
        with self._lock:
            self._counts[index] += acknowledged
            self._missing -= 1
            last = self._missing == 0
        if last and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _log_error(error: KafkaError) -> None:
    _log.warning("kafka", error=error.str())
