"""A producer of events as the API writes them, for tests without the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson
from confluent_kafka import Producer

from foundation.event import EVENT_ID_HEADER, RECEIVED_AT_HEADER, new_event_id
from foundation.settings import KafkaSettings

GIVE_UP_AFTER_SECONDS = 30.0


def pin(unique_id: str, followers: object, **fields: object) -> dict[str, object]:
    """Return a valid pin with the given fields."""
    return {"unique_id": unique_id, "category": "art", "follower_count": str(followers), **fields}


def send(
    kafka: KafkaSettings,
    pins: Sequence[Mapping[str, object] | bytes],
    *,
    topics: Sequence[str] = (),
    ids: Sequence[str] | None = None,
) -> list[str]:
    """Write one event per pin to each topic, and wait until the broker has acknowledged them.

    Args:
        kafka: the broker.
        pins: as JSON objects, or as raw record values.
        topics: default: the topics of both lanes.
        ids: of the events; default: new ids.

    Returns:
        The events' ids.
    """
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "acks": "all"})
    event_ids = list(ids) if ids is not None else [new_event_id() for _ in pins]
    for event_id, content in zip(event_ids, pins, strict=True):
        value = content if isinstance(content, bytes) else orjson.dumps(content)
        key = b"" if isinstance(content, bytes) else str(content["unique_id"]).encode()
        now = datetime.now(UTC).isoformat().encode()
        headers: list[tuple[str, str | bytes | None]] = [
            (EVENT_ID_HEADER, event_id.encode()),
            (RECEIVED_AT_HEADER, now),
        ]
        for topic in topics or (kafka.batch_topic, kafka.stream_topic):
            producer.produce(topic, value, key=key, headers=headers)
    assert producer.flush(GIVE_UP_AFTER_SECONDS) == 0
    return event_ids
