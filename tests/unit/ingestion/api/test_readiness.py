"""Readiness: the topics come first, and the broker is asked once per second at most."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from structlog.testing import capture_logs

from foundation import kafka_admin
from foundation.errors import TransientError
from foundation.settings import KafkaSettings
from ingestion.api.readiness import CACHED_SECONDS, Readiness
from ingestion.producer import Publisher
from tests.unit import virtual_time

AWAY = TransientError("Kafka does not answer", where="broker:9092", hint="Start it.")


class Broker:
    """A broker that may be away, as the publisher's connection sees it, and the clock of the API."""

    def __init__(self) -> None:
        self.reachable = True
        self.requests = 0
        self.seconds = 1000.0

    def is_reachable(self) -> bool:
        self.requests += 1
        return self.reachable


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def readiness(broker: Broker) -> Readiness:
    return Readiness(KafkaSettings(), cast("Publisher", broker), clock=lambda: broker.seconds)


def _check(readiness: Readiness) -> bool:
    return asyncio.run(readiness.check())


def test_without_topics_the_api_is_not_ready_and_nobody_is_asked(
    readiness: Readiness, broker: Broker
) -> None:
    assert _check(readiness) is False
    assert broker.requests == 0


def test_the_answer_of_the_broker_is_kept_for_a_second(readiness: Readiness, broker: Broker) -> None:
    readiness.topics_exist = True
    assert _check(readiness) is True

    broker.reachable = False
    broker.seconds += CACHED_SECONDS
    assert _check(readiness) is True

    broker.seconds += 0.1
    assert _check(readiness) is False
    broker.reachable = True
    assert _check(readiness) is False
    assert broker.requests == 2


def test_requests_at_the_same_time_share_one_question(readiness: Readiness, broker: Broker) -> None:
    readiness.topics_exist = True

    async def check_often() -> list[bool]:
        return await asyncio.gather(*(readiness.check() for _ in range(10)))

    assert asyncio.run(check_often()) == [True] * 10
    assert broker.requests == 1


def test_topics_are_created_as_soon_as_kafka_answers(
    readiness: Readiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 10

    def create_topics(kafka: KafkaSettings) -> list[str]:
        nonlocal failures
        if failures:
            failures -= 1
            raise AWAY
        return [kafka.batch_topic]

    monkeypatch.setattr(kafka_admin, "create_topics", create_topics)

    async def create() -> float:
        await readiness.create_topics()
        return asyncio.get_running_loop().time()

    with capture_logs() as logs:
        seconds = virtual_time.run(create())

    assert readiness.topics_exist
    assert [line["error"] for line in logs] == [str(AWAY)] * 10
    # 0.2 + 0.4 + 0.8 + 1.6 + 3.2, and five seconds before each later attempt.
    assert seconds == pytest.approx(6.2 + 5 * 5)


def test_a_fault_of_the_program_is_not_retried(readiness: Readiness, monkeypatch: pytest.MonkeyPatch) -> None:
    def create_topics(kafka: KafkaSettings) -> list[str]:
        raise RuntimeError("a fault")

    monkeypatch.setattr(kafka_admin, "create_topics", create_topics)

    with pytest.raises(RuntimeError, match="a fault"):
        virtual_time.run(readiness.create_topics())
    assert not readiness.topics_exist
