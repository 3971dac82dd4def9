"""A producer that fills a topic as the API does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import Producer

from benchmarks.pins import fresh_pins
from foundation.clients import librdkafka_config
from foundation.event import EVENT_ID_HEADER, RECEIVED_AT_HEADER, new_event_id
from foundation.kafka_admin import latest_offsets
from foundation.settings import KafkaSettings

FLUSH_SECONDS = 60


@dataclass(frozen=True)
class Span:
    """The records of a topic between two positions.

    Attributes:
        topic: the topic.
        start: the first offset, by partition.
        end: the offset after the last one, by partition.
    """

    topic: str
    start: dict[int, int]
    end: dict[int, int]

    @property
    def records(self) -> int:
        """The number of records."""
        return sum(self.end[number] - offset for number, offset in self.start.items())


@dataclass(frozen=True)
class Load:
    """Pins that were written to a topic: where they are, and the bytes of their JSON."""

    span: Span
    bytes: int

    @property
    def events(self) -> int:
        """The number of pins."""
        return self.span.records


def fill(kafka: KafkaSettings, topic: str, *, events: int) -> Load:
    """Write fresh pins to a topic."""
    start = read_ends(kafka, topic)
    producer = Producer(
        {
            **librdkafka_config(kafka),
            "compression.type": "lz4",
            "partitioner": "murmur2_random",
            "linger.ms": 5,
        }
    )
    size = 0
    for unique_id, pin in fresh_pins(events):
        headers: list[tuple[str, str | bytes | None]] = [
            (EVENT_ID_HEADER, new_event_id().encode()),
            (RECEIVED_AT_HEADER, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()),
        ]
        _produce(producer, topic, key=unique_id, value=pin, headers=headers)
        size += len(pin)
    unacknowledged = producer.flush(FLUSH_SECONDS)
    if unacknowledged:
        raise TimeoutError(f"{unacknowledged} pins were not acknowledged within {FLUSH_SECONDS} s")
    return Load(Span(topic, start, read_ends(kafka, topic)), size)


def read_ends(kafka: KafkaSettings, topic: str) -> dict[int, int]:
    """Return the offset that the next record will get, by partition."""
    return {int(number): offset for number, offset in latest_offsets(kafka, topic)[topic].items()}


def _produce(
    producer: Producer,
    topic: str,
    *,
    key: str,
    value: bytes,
    headers: list[tuple[str, str | bytes | None]],
) -> None:
    while True:
        try:
            producer.produce(topic, value=value, key=key, headers=headers)
        except BufferError:
            producer.poll(0.1)  # the queue is full: wait until some are acknowledged
        else:
            producer.poll(0)
            return
