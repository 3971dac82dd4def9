"""Administration of the topics, on a broker that is a dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import (
    CoordinatorLoadInProgressError,
    KafkaConnectionError,
    KafkaError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)
from kafka.structs import OffsetAndMetadata
from structlog.testing import capture_logs

from foundation import kafka_admin
from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.kafka_admin import PartitionLag
from foundation.settings import KafkaSettings

KAFKA = KafkaSettings(bootstrap_servers="broker:9092", partitions=3, replication_factor=2)
BATCH, STREAM = KAFKA.batch_topic, KAFKA.stream_topic


@dataclass
class Broker:
    """A broker, with the methods of an admin client that is connected to it.

    Attributes:
        offsets: first and next offset of every partition.
        commits: offsets that the group of the batch consumer has committed.
        hidden: topics that exist but are not described yet, as those of a faster API.
        errors: raised by the requests of these names, one per request.
        replicas: replication factor of the topics that were created.
    """

    offsets: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)
    commits: dict[TopicPartition, int] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    errors: dict[str, list[KafkaError]] = field(default_factory=dict)
    replicas: dict[str, int] = field(default_factory=dict)
    connections: int = 0

    def connect(self, **config: Any) -> Broker:  # noqa: ANN401 - as kafka-python takes them
        self._fail_if_told("connect")
        assert config["bootstrap_servers"] == ["broker:9092"]
        self.connections += 1
        return self

    def close(self) -> None:
        self.connections -= 1

    def describe_topics(self) -> list[dict[str, Any]]:
        self._fail_if_told("describe_topics")
        numbers: dict[str, list[int]] = {}
        for topic, number in self.offsets:
            numbers.setdefault(topic, []).append(number)
        return [
            {"name": name, "partitions": [{"partition_index": number} for number in numbers[name]]}
            for name in numbers
        ]

    def create_topics(self, topics: Mapping[str, Mapping[str, int]], *, wait_for_metadata: bool) -> None:
        for name, shape in topics.items():
            if name in self.hidden:
                raise TopicAlreadyExistsError
            for number in range(shape["num_partitions"]):
                self.offsets[TopicPartition(name, number)] = (0, 0)
            self.replicas[name] = shape["replication_factor"]

    def list_partition_offsets(self, specs: Mapping[TopicPartition, OffsetSpec]) -> dict[TopicPartition, Any]:
        return {
            partition: SimpleNamespace(offset=self.offsets[partition][spec is OffsetSpec.LATEST])
            for partition, spec in specs.items()
        }

    def list_group_offsets(
        self, groups: Mapping[str, Iterable[TopicPartition]]
    ) -> dict[str, dict[TopicPartition, OffsetAndMetadata]]:
        self._fail_if_told("list_group_offsets")
        (group,) = groups
        assert group == KAFKA.consumer_group
        return {
            group: {key: OffsetAndMetadata(self.commits[key]) for key in groups[group] if key in self.commits}
        }

    def delete_records(self, until: Mapping[TopicPartition, int]) -> None:
        self._fail_if_told("delete_records")
        for partition, offset in until.items():
            self.offsets[partition] = (offset, self.offsets[partition][1])

    def _fail_if_told(self, request: str) -> None:
        if errors := self.errors.get(request):
            raise errors.pop(0)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    return _running(monkeypatch, Broker())


def _running(monkeypatch: pytest.MonkeyPatch, broker: Broker) -> Broker:
    monkeypatch.setattr(kafka_admin, "KafkaAdminClient", broker.connect)
    return broker


def _topics(broker: Broker, **partitions: int) -> None:
    for name, count in partitions.items():
        for number in range(count):
            broker.offsets[TopicPartition(name, number)] = (0, 0)


def test_only_missing_topics_are_created_with_the_configured_shape(broker: Broker) -> None:
    _topics(broker, **{STREAM: 3})

    assert kafka_admin.create_topics(KAFKA) == [BATCH]
    assert kafka_admin.create_topics(KAFKA) == []
    assert [number for topic, number in broker.offsets if topic == BATCH] == [0, 1, 2]
    assert broker.replicas == {BATCH: 2}
    assert broker.connections == 0


def test_a_topic_that_another_process_creates_first_is_not_reported_as_created(broker: Broker) -> None:
    broker.hidden.add(BATCH)

    assert kafka_admin.create_topics(KAFKA) == [STREAM]


def test_another_number_of_partitions_is_left_and_logged(broker: Broker) -> None:
    _topics(broker, **{BATCH: 5, STREAM: 3})

    with capture_logs() as logs:
        assert kafka_admin.create_topics(KAFKA) == []
    assert [(line["topic"], line["partitions"], line["configured"]) for line in logs] == [(BATCH, 5, 3)]


@pytest.mark.parametrize(
    ("existing", "missing"), [((), f"{BATCH}, {STREAM}"), ((BATCH,), STREAM), ((STREAM, "other"), BATCH)]
)
def test_missing_topics_are_named(existing: tuple[str, ...], missing: str, broker: Broker) -> None:
    _topics(broker, **dict.fromkeys(existing, 1))

    with pytest.raises(ConfigurationError) as raised:
        kafka_admin.require_topics(KAFKA)
    assert raised.value.what == f"missing topics: {missing}"
    assert raised.value.where == "broker:9092"
    assert "pinlake init" in raised.value.hint


def test_a_broker_with_both_topics_is_fine(broker: Broker) -> None:
    _topics(broker, **{BATCH: 1, STREAM: 1})

    kafka_admin.require_topics(KAFKA)
    assert broker.connections == 0


ranges = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(lambda pair: (min(pair), max(pair)))


@hypothesis_settings(max_examples=50)
@given(
    st.dictionaries(st.integers(0, 5), st.tuples(ranges, st.none() | st.integers(-1, 1000)), max_size=4),
    st.dictionaries(st.integers(0, 5), ranges, max_size=4),
)
def test_the_lag_counts_from_the_commit_or_from_the_first_record(
    batch: dict[int, tuple[tuple[int, int], int | None]], stream: dict[int, tuple[int, int]]
) -> None:
    broker = Broker()
    for number, (offsets, commit) in batch.items():
        broker.offsets[TopicPartition(BATCH, number)] = offsets
        if commit is not None:
            broker.commits[TopicPartition(BATCH, number)] = commit
    broker.offsets |= {TopicPartition(STREAM, number): offsets for number, offsets in stream.items()}

    with pytest.MonkeyPatch.context() as monkeypatch:
        _running(monkeypatch, broker)
        rows = kafka_admin.read_lag(KAFKA)
        backlog = kafka_admin.backlog(KAFKA)

    expected = []
    for number, ((begin, end), commit) in sorted(batch.items()):
        # Kafka reports -1 for a partition without a commit.
        committed = None if commit is None or commit < 0 else commit
        lag = end - (begin if committed is None else committed)
        expected.append(PartitionLag(BATCH, number, committed, end, lag))
    expected += [PartitionLag(STREAM, number, None, end, None) for number, (_, end) in sorted(stream.items())]
    assert rows == expected
    assert backlog == sum(row.lag for row in rows if row.lag is not None)


def test_the_first_group_of_a_broker_waits_for_its_coordinator(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    broker.offsets[TopicPartition(BATCH, 0)] = (2, 9)
    broker.errors["list_group_offsets"] = [CoordinatorLoadInProgressError(), CoordinatorLoadInProgressError()]

    assert kafka_admin.read_lag(KAFKA) == [PartitionLag(BATCH, 0, None, 9, 7)]


def test_the_bounds_of_a_topic_are_those_of_its_partitions(broker: Broker) -> None:
    broker.offsets = {
        TopicPartition(BATCH, 0): (3, 8),
        TopicPartition(BATCH, 1): (0, 0),
        TopicPartition(STREAM, 0): (1, 2),
    }

    assert kafka_admin.earliest_offsets(KAFKA, BATCH) == {BATCH: {"0": 3, "1": 0}}
    assert kafka_admin.latest_offsets(KAFKA, BATCH) == {BATCH: {"0": 8, "1": 0}}
    assert kafka_admin.latest_offsets(KAFKA, "absent") == {"absent": {}}


def test_records_before_the_offsets_are_deleted_and_others_stay(broker: Broker) -> None:
    broker.offsets = {TopicPartition(BATCH, 0): (3, 8), TopicPartition(STREAM, 0): (1, 2)}

    kafka_admin.delete_records(KAFKA, {BATCH: {"0": 7}, "absent": {}})

    assert broker.offsets == {TopicPartition(BATCH, 0): (7, 8), TopicPartition(STREAM, 0): (1, 2)}


def test_deleting_nothing_asks_the_broker_for_nothing(broker: Broker) -> None:
    broker.errors["delete_records"] = [PolicyViolationError()]

    kafka_admin.delete_records(KAFKA, {BATCH: {}, STREAM: {}})


def test_a_compacted_topic_is_named(broker: Broker) -> None:
    broker.errors["delete_records"] = [PolicyViolationError()]

    with pytest.raises(TerminalError, match=rf"compacted.*\({BATCH}\).*cleanup\.policy"):
        kafka_admin.delete_records(KAFKA, {BATCH: {"0": 1}})
    assert broker.connections == 0


@pytest.mark.parametrize("request_name", ["connect", "describe_topics"])
@pytest.mark.parametrize(
    ("error", "kind", "what", "hint"),
    [
        (
            TopicAuthorizationFailedError(),
            TerminalError,
            "Kafka refuses: TopicAuthorizationFailedError",
            "PINLAKE_KAFKA_USERNAME",
        ),
        (
            KafkaConnectionError(),
            TransientError,
            "Kafka does not answer: KafkaConnectionError",
            "PINLAKE_KAFKA_BOOTSTRAP_SERVERS",
        ),
    ],
)
def test_an_error_of_the_broker_says_whether_a_retry_may_help(
    request_name: str, error: KafkaError, kind: type[Exception], what: str, hint: str, broker: Broker
) -> None:
    broker.errors[request_name] = [error]

    with pytest.raises(kind) as raised:
        kafka_admin.require_topics(KAFKA)
    assert str(raised.value).startswith(f"{what} (broker:9092). ")
    assert hint in str(raised.value)
    assert broker.connections == 0
