"""One run of the batch consumer from settings; Kafka and S3 are in memory."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from foundation.errors import TerminalError, TransientError
from foundation.object_store import ObjectStore
from foundation.settings import ConsumerSettings, KafkaSettings, Settings
from ingestion.landing import run
from tests.unit.in_memory_bucket import InMemoryBucket
from tests.unit.ingestion.landing.in_memory_kafka import TOPIC, Broker, Consumer

PARTITION = TopicPartition(TOPIC, 0)


class Servers:
    """Kafka and S3.

    Attributes:
        failures: raised by the next attempts to connect to Kafka.
        options: the options of the last consumer.
    """

    def __init__(self) -> None:
        self.broker = Broker({0: [b"a", b"b", b"c", b"d"]})
        self.bucket = InMemoryBucket()
        self.consumer = Consumer(self.broker)
        self.failures: list[KafkaError] = []
        self.options: dict[str, Any] = {}

    def connect(self, **options: Any) -> Consumer:  # noqa: ANN401 - as kafka-python takes them
        if self.failures:
            raise self.failures.pop(0)
        self.options = options
        return self.consumer


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    servers = Servers()
    monkeypatch.setattr(run, "KafkaConsumer", servers.connect)
    monkeypatch.setattr(ObjectStore, "open", lambda s3: servers.bucket.store)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    return servers


def _settings(*, on_data_loss: str = "stop") -> Settings:
    kafka = KafkaSettings(batch_topic=TOPIC, bootstrap_servers="broker:9092", on_data_loss=on_data_loss)
    return Settings(_env_file=None, kafka=kafka, consumer=ConsumerSettings(max_records=3))


def test_a_run_lands_the_topic_and_leaves_the_group(servers: Servers) -> None:
    polled: list[int] = []

    (counts,) = run.consume(_settings(), on_records=polled.append)

    assert (counts.records, counts.objects, sum(polled)) == (4, 2, 4)
    assert sorted(servers.bucket.objects) == [
        f"landing/pins/dt=2026-01-01/{TOPIC}-0-0-2.jsonl.gz",
        f"landing/pins/dt=2026-01-01/{TOPIC}-0-3-3.jsonl.gz",
    ]
    # A commit on close would skip what is read but not put.
    assert servers.consumer.closed == {"autocommit": False, "timeout_ms": 10_000}


def test_offsets_are_neither_committed_nor_skipped_by_the_library(servers: Servers) -> None:
    run.consume(_settings())

    assert (servers.options["enable_auto_commit"], servers.options["auto_offset_reset"]) == (False, "none")
    assert servers.options["group_id"] == "pinlake-landing"
    assert servers.options["bootstrap_servers"] == ["broker:9092"]


def test_removed_offsets_stop_the_run_and_nothing_is_landed(servers: Servers) -> None:
    servers.broker.commits = {PARTITION: 1}
    servers.broker.remove_before(PARTITION, 3)

    with pytest.raises(TerminalError, match=r"removed 2 offsets.*PINLAKE_KAFKA_ON_DATA_LOSS=record"):
        run.consume(_settings())
    assert servers.bucket.objects == {}
    assert servers.consumer.closed is not None


def test_removed_offsets_are_recorded_and_the_rest_is_landed_if_the_loss_is_accepted(
    servers: Servers,
) -> None:
    servers.broker.commits = {PARTITION: 1}
    servers.broker.remove_before(PARTITION, 3)

    (counts,) = run.consume(_settings(on_data_loss="record"))

    assert counts.records == 1
    body, _ = servers.bucket.objects[f"gaps/batch-{TOPIC}-0-1-2.json"]
    loss = orjson.loads(body)
    assert (loss["lane"], loss["first"], loss["last"]) == ("batch", 1, 2)


def test_a_broker_that_comes_back_in_time_is_waited_for(servers: Servers) -> None:
    servers.failures = [KafkaConnectionError(), KafkaConnectionError()]

    (counts,) = run.consume(_settings())
    assert counts.records == 4


@pytest.mark.parametrize(
    ("error", "kind", "what", "hint"),
    [
        (
            KafkaConnectionError(),
            TransientError,
            "Kafka does not answer: KafkaConnectionError",
            "PINLAKE_KAFKA_BOOTSTRAP_SERVERS; nothing is lost",
        ),
        (
            TopicAuthorizationFailedError(),
            TerminalError,
            "Kafka refuses: TopicAuthorizationFailedError",
            "the rights of its user",
        ),
    ],
)
@pytest.mark.parametrize("connects", [False, True])
def test_an_error_of_kafka_says_whether_a_retry_may_help(
    connects: bool,
    error: KafkaError,
    kind: type[Exception],
    what: str,
    hint: str,
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "GIVE_UP_AFTER_SECONDS", 0)

    def fail(_number: int) -> None:
        raise error

    if connects:
        servers.consumer.before_poll = fail
    else:
        servers.failures = [error]

    with pytest.raises(kind) as raised:
        run.consume(_settings())
    assert str(raised.value).startswith(f"{what} (broker:9092). ")
    assert hint in str(raised.value)
    assert (servers.consumer.closed is not None) is connects
