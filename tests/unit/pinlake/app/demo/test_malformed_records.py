"""The malformed records of the demonstration, and their way into the topics."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from foundation.errors import TransientError
from foundation.event import parse_event_id
from foundation.settings import KafkaSettings
from pinlake.app.demo import malformed_records
from pinlake.app.demo.malformed_records import Malformed

KAFKA = KafkaSettings(bootstrap_servers="broker:9092")
RECORDS = malformed_records.records()


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _document(value: bytes) -> object:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _reason(record: Malformed) -> str:
    """Return why a record is not a pin, as the contract of the pins says it."""
    if record.value is None:
        return "value.missing"
    if not _is_utf8(record.value):
        return "value.not_utf8"
    document = _document(record.value)
    if not isinstance(document, dict):
        return "value.not_one_json_object"
    unique_id = str(document.get("unique_id") or "").strip()
    if not unique_id:
        return "unique_id.missing"
    try:
        uuid.UUID(unique_id)
    except ValueError:
        return "unique_id.not_a_uuid"
    assert record.event_id is not None
    with pytest.raises(ValueError, match="ahead of the API's clock"):
        parse_event_id(record.event_id, now=datetime.now(UTC))
    return "event_id.from_the_future"


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.value)[:40])
def test_a_record_is_malformed_for_the_reason_that_it_names(record: Malformed) -> None:
    assert record.reason == _reason(record)


def test_there_are_twenty_different_records_with_every_reason() -> None:
    assert len({(record.value, record.event_id) for record in RECORDS}) == 20
    assert len(Counter(record.reason for record in RECORDS)) == 6


@dataclass
class Broker:
    """A producer and its broker, which may not acknowledge some messages."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    unacknowledged: int = 0

    def connect(self, config: dict[str, Any]) -> Broker:
        assert config["bootstrap.servers"] == "broker:9092"
        return self

    def produce(self, topic: str, **message: Any) -> None:  # noqa: ANN401 - as Kafka takes them
        self.messages.append({"topic": topic, **message})

    def flush(self, seconds: float) -> int:
        return self.unacknowledged


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(malformed_records, "Producer", broker.connect)
    return broker


def test_every_record_goes_to_both_topics_and_only_a_given_event_id_with_it(broker: Broker) -> None:
    malformed_records.write(KAFKA, RECORDS)

    for topic in (KAFKA.batch_topic, KAFKA.stream_topic):
        messages = [message for message in broker.messages if message["topic"] == topic]
        assert [message["value"] for message in messages] == [record.value for record in RECORDS]
        headers = [dict(message["headers"]).get("event_id") for message in messages]
        assert headers == [record.event_id and record.event_id.encode() for record in RECORDS]
    assert len({message["key"] for message in broker.messages}) == 40


def test_records_that_kafka_does_not_acknowledge_are_an_error(broker: Broker) -> None:
    broker.unacknowledged = 1

    with pytest.raises(TransientError, match=r"did not acknowledge the malformed records \(broker:9092\)"):
        malformed_records.write(KAFKA, RECORDS)
