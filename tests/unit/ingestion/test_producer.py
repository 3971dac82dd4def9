"""An event is acknowledged only if both topics have acknowledged it; the producer is in memory."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from foundation.settings import KafkaSettings
from ingestion import producer
from ingestion.api.pin_validation import Pin
from ingestion.producer import Event, Publisher

KAFKA = KafkaSettings(bootstrap_servers="broker:9092")
TOPICS = (KAFKA.batch_topic, KAFKA.stream_topic)
RECEIVED_AT = datetime(2026, 3, 1, 12, 30, 15, 250_123, tzinfo=UTC)
TIMED_OUT = KafkaError(KafkaError._MSG_TIMED_OUT)
Report = Callable[[KafkaError | None, object], None]


@dataclass
class Broker:
    """A producer and its broker.

    Attributes:
        failing: topic and key of the messages that are not acknowledged, with the error.
        full: topic and key of the messages that do not fit into the queue.
        silent: whether no message is reported.
        topics: the topics of the broker; None if it does not answer.
    """

    failing: dict[tuple[str, str], KafkaError] = field(default_factory=dict)
    full: dict[tuple[str, str], Exception] = field(default_factory=dict)
    silent: bool = False
    topics: set[str] | None = field(default_factory=lambda: {*TOPICS, "other"})
    messages: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    reports: queue.SimpleQueue[Callable[[], None]] = field(default_factory=queue.SimpleQueue)
    remaining: int = 0

    def connect(self, config: dict[str, Any]) -> Broker:
        self.config = config
        return self

    def produce(self, topic: str, *, on_delivery: Report, **message: Any) -> None:  # noqa: ANN401 - as Kafka's
        key = (topic, message["key"].decode())
        if key in self.full:
            raise self.full[key]
        self.messages.append({"topic": topic, **message})
        if not self.silent:
            self.reports.put(lambda: on_delivery(self.failing.get(key), None))

    def poll(self, seconds: float) -> None:
        with suppress(queue.Empty):
            self.reports.get(timeout=0.001)()

    def flush(self, seconds: float) -> int:
        return self.remaining

    def list_topics(self, *, timeout: float) -> SimpleNamespace:
        if self.topics is None:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return SimpleNamespace(topics=dict.fromkeys(self.topics))


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def publisher(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(producer, "Producer", broker.connect)
    publisher = Publisher(KAFKA, acknowledge_seconds=2)
    yield publisher
    publisher.close()


def _event(number: int) -> Event:
    return Event(f"event-{number}", Pin(f"pin-{number}", b'{"n":%d}' % number))


def _publish(publisher: Publisher, *events: Event) -> list[bool]:
    return asyncio.run(publisher.publish(events, received_at=RECEIVED_AT))


def test_an_event_goes_to_both_topics_with_the_headers_of_the_contract(
    publisher: Publisher, broker: Broker
) -> None:
    assert _publish(publisher, _event(7)) == [True]

    message = {
        "value": b'{"n":7}',
        "key": b"pin-7",
        "timestamp": int(RECEIVED_AT.timestamp() * 1000),
        "headers": [("event_id", b"event-7"), ("received_at", b"2026-03-01T12:30:15.250123Z")],
    }
    assert broker.messages == [{"topic": topic, **message} for topic in TOPICS]


def test_a_message_is_given_up_before_the_caller_gets_its_result(
    publisher: Publisher, broker: Broker
) -> None:
    assert broker.config["message.timeout.ms"] == 1800
    assert (broker.config["acks"], broker.config["enable.idempotence"]) == ("all", True)


@hypothesis_settings(max_examples=30)
@given(st.lists(st.tuples(*[st.sampled_from(["good", "failing", "full"])] * 2), min_size=1, max_size=8))
def test_each_event_is_acknowledged_by_both_topics_or_not_at_all(outcomes: list[tuple[str, str]]) -> None:
    broker = Broker()
    for number, by_topic in enumerate(outcomes):
        for topic, outcome in zip(TOPICS, by_topic, strict=True):
            key = (topic, f"pin-{number}")
            if outcome == "failing":
                broker.failing[key] = TIMED_OUT
            if outcome == "full":
                broker.full[key] = BufferError("queue full") if number % 2 else KafkaException(TIMED_OUT)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(producer, "Producer", broker.connect)
        publisher = Publisher(KAFKA, acknowledge_seconds=2)

    acknowledged = _publish(publisher, *map(_event, range(len(outcomes))))
    publisher.close()

    assert acknowledged == [by_topic == ("good", "good") for by_topic in outcomes]


def test_a_full_queue_is_logged_with_its_topic(publisher: Publisher, broker: Broker) -> None:
    broker.full[TOPICS[1], "pin-1"] = BufferError("queue full")

    with capture_logs() as logs:
        assert _publish(publisher, _event(1)) == [False]
    assert [(line["event"], line["topic"], line["error"]) for line in logs] == [
        ("message not queued", TOPICS[1], "queue full")
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_a_silent_broker_has_acknowledged_nothing_when_time_is_up(
    count: int, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "Producer", broker.connect)
    broker.silent = True
    publisher = Publisher(KAFKA, acknowledge_seconds=0.02)

    with capture_logs() as logs:
        assert _publish(publisher, *map(_event, range(count))) == [False] * count
    publisher.close()
    assert [(line["event"], line["events"]) for line in logs] == [("acknowledgements missing", count)]


def test_a_report_after_the_request_has_ended_harms_nothing(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "Producer", broker.connect)
    late = queue.SimpleQueue[Callable[[], None]]()
    monkeypatch.setattr(broker, "poll", lambda seconds: None)
    broker.reports = late
    publisher = Publisher(KAFKA, acknowledge_seconds=0.01)

    assert _publish(publisher, _event(1)) == [False]
    late.get_nowait()()
    late.get_nowait()()
    publisher.close()


@pytest.mark.parametrize(
    ("topics", "reachable"), [({*TOPICS, "other"}, True), ({TOPICS[0]}, False), (set(), False), (None, False)]
)
def test_a_broker_can_be_reached_if_it_answers_and_has_both_topics(
    topics: set[str] | None, reachable: bool, publisher: Publisher, broker: Broker
) -> None:
    broker.topics = topics

    assert publisher.is_reachable() is reachable


def test_messages_that_are_left_at_the_end_are_logged(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "Producer", broker.connect)
    broker.remaining = 4
    publisher = Publisher(KAFKA, acknowledge_seconds=1)

    with capture_logs() as logs:
        publisher.close()
    assert [(line["event"], line["messages"]) for line in logs] == [("closed before all was acknowledged", 4)]
    assert not publisher._reports.is_alive()


def test_errors_of_the_connection_are_logged(publisher: Publisher, broker: Broker) -> None:
    with capture_logs() as logs:
        broker.config["error_cb"](KafkaError(KafkaError._TRANSPORT, "broker:9092 refused"))

    assert [(line["event"], line["error"]) for line in logs] == [("kafka", "broker:9092 refused")]
