"""A producer that fills the batch topic as the API does."""

from __future__ import annotations

from datetime import UTC, datetime

from confluent_kafka import Producer

from benchmarks.pins import fresh_pins
from foundation.clients import librdkafka_config
from foundation.event import EVENT_ID_HEADER, RECEIVED_AT_HEADER, new_event_id
from foundation.settings import KafkaSettings

FLUSH_SECONDS = 60


def fill(kafka: KafkaSettings, *, events: int) -> int:
    """Write fresh pins to the batch topic and return the bytes of their JSON."""
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
        _produce(producer, kafka.batch_topic, key=unique_id, value=pin, headers=headers)
        size += len(pin)
    unacknowledged = producer.flush(FLUSH_SECONDS)
    if unacknowledged:
        raise TimeoutError(f"{unacknowledged} pins were not acknowledged within {FLUSH_SECONDS} s")
    return size


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
