"""Twenty records that are not pins, as real topics contain them, each with the reason to reject it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Producer

from foundation.clients import librdkafka_config
from foundation.errors import TransientError
from foundation.event import EVENT_ID_HEADER
from foundation.settings import KafkaSettings

FLUSH_SECONDS = 10

_PIN = {"index": 1, "title": "a pin", "follower_count": "5k", "category": "art"}
_ID = "0190163d-8694-739b-aea5-966c26f8ad90"
_LAST_ID_OF_ALL = "ffffffff-ffff-7fff-bfff-ffffffffffff"


@dataclass(frozen=True)
class Malformed:
    """One record: the reason for which silver must reject it, its value, and its event_id if it has one."""

    reason: str
    value: bytes | None
    event_id: str | None = None


def records() -> list[Malformed]:
    """Return the twenty records."""
    pin = _json({**_PIN, "unique_id": _ID})
    values: list[tuple[str, bytes | None]] = [
        ("value.missing", None),
        ("value.not_utf8", pin.replace(b"a pin", b"\xff\xfe")),
        ("value.not_utf8", b"\x00\x01\x80\x81"),
        ("value.not_one_json_object", b""),
        ("value.not_one_json_object", b"not json at all"),
        ("value.not_one_json_object", pin[: len(pin) // 2]),
        ("value.not_one_json_object", str({**_PIN, "unique_id": _ID}).encode()),
        ("value.not_one_json_object", _json(pin.decode())),
        ("value.not_one_json_object", _json([_PIN])),
        ("value.not_one_json_object", pin + pin),
        ("value.not_one_json_object", b"42"),
        ("value.not_one_json_object", b"null"),
        ("unique_id.missing", _json(_PIN)),
        ("unique_id.missing", _json({**_PIN, "unique_id": None})),
        ("unique_id.missing", _json({**_PIN, "unique_id": "  "})),
        ("unique_id.missing", _json({"user": "gina", "action": "login"})),
        ("unique_id.not_a_uuid", _json({**_PIN, "unique_id": "pin-7"})),
        ("unique_id.not_a_uuid", _json({**_PIN, "unique_id": _ID[:-1]})),
        ("unique_id.not_a_uuid", _json({**_PIN, "unique_id": 7})),
    ]
    future = Malformed("event_id.from_the_future", _json({**_PIN, "unique_id": _ID}), _LAST_ID_OF_ALL)
    return [*(Malformed(reason, value) for reason, value in values), future]


def write(kafka: KafkaSettings, malformed: Sequence[Malformed]) -> None:
    """Write the records directly into both topics, without the API.

    Raises:
        TransientError: Kafka did not acknowledge all records.
    """
    producer = Producer(
        {**librdkafka_config(kafka), "acks": "all", "enable.idempotence": True, "log_level": 0}
    )
    for record in malformed:
        for topic in (kafka.batch_topic, kafka.stream_topic):
            headers: list[tuple[str, str | bytes | None]] = (
                [(EVENT_ID_HEADER, record.event_id.encode())] if record.event_id else []
            )
            producer.produce(topic, value=record.value, key=str(uuid.uuid4()), headers=headers)
    if producer.flush(FLUSH_SECONDS):
        raise TransientError(
            "Kafka did not acknowledge the malformed records",
            where=kafka.bootstrap_servers,
            hint="Check `pinlake status` and Kafka's log, then run the command again.",
        )


def _json(document: object) -> bytes:
    return json.dumps(document).encode()
