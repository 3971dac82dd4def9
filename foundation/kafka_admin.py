"""Administration of the two Kafka topics: creation, offsets, and the lag of the batch consumer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    PolicyViolationError,
    RetriableError,
    TopicAlreadyExistsError,
)
from kafka.structs import OffsetAndMetadata
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from foundation.clients import kafka_python_config
from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.settings import KafkaSettings

TIMEOUT_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PartitionLag:
    """One partition: the committed offset of the batch consumer, the end, and the records between them.

    Without a commit, `committed` is None and the lag counts from the first offset that Kafka still has. The
    stream topic has no commit and no lag here, because its reader keeps its offsets in a checkpoint, which
    `lakehouse.delta.streaming_checkpoint` reads.
    """

    topic: str
    partition: int
    committed: int | None
    end: int
    lag: int | None


def create_topics(kafka: KafkaSettings) -> list[str]:
    """Create missing topics; leave existing ones as they are.

    Returns:
        The names of the created topics.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses.
    """
    names = (kafka.batch_topic, kafka.stream_topic)
    with _admin(kafka) as admin:
        existing = _partitions(admin, names)
        for name, partitions in existing.items():
            if len(partitions) != kafka.partitions:
                _log.warning(
                    "topic has other partitions than configured",
                    topic=name,
                    partitions=len(partitions),
                    configured=kafka.partitions,
                )
        return [name for name in names if name not in existing and _create(admin, name, kafka)]


def require_topics(kafka: KafkaSettings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
    """Make sure that Kafka answers and has both topics.

    Args:
        kafka: the broker and the names of the topics.
        timeout_seconds: how long connecting, and then the request, may take.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses, or a topic is missing.
    """
    names = (kafka.batch_topic, kafka.stream_topic)
    with _admin(kafka, timeout_seconds=timeout_seconds) as admin:
        existing = _partitions(admin, names)
    missing = [name for name in names if name not in existing]
    if missing:
        raise ConfigurationError(
            f"missing topics: {', '.join(missing)}",
            where=kafka.bootstrap_servers,
            hint="Create them with `pinlake init`, or correct PINLAKE_KAFKA_BATCH_TOPIC and _STREAM_TOPIC.",
        )


def read_lag(kafka: KafkaSettings) -> list[PartitionLag]:
    """Return how far the group of the batch consumer is behind, by topic and partition.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses.
    """
    with _admin(kafka) as admin:
        numbers = _partitions(admin, (kafka.batch_topic, kafka.stream_topic))
        partitions = [TopicPartition(topic, number) for topic in numbers for number in numbers[topic]]
        if not partitions:
            return []
        ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        batch = [partition for partition in partitions if partition.topic == kafka.batch_topic]
        begins = admin.list_partition_offsets(dict.fromkeys(batch, OffsetSpec.EARLIEST))
        group = _group_offsets(admin, kafka.consumer_group, batch)
    rows = []
    for partition in sorted(partitions):
        commit = group.get(partition)
        committed = commit.offset if commit is not None and commit.offset >= 0 else None
        begin = begins[partition].offset if partition in begins else None
        start = begin if committed is None else committed
        end = ends[partition].offset
        lag = None if start is None else end - start
        rows.append(PartitionLag(partition.topic, partition.partition, committed, end, lag))
    return rows


def earliest_offsets(kafka: KafkaSettings, topic: str) -> dict[str, dict[str, int]]:
    """Return the first offset that Kafka still has, by topic and partition.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses.
    """
    return _bounds(kafka, topic, OffsetSpec.EARLIEST)


def latest_offsets(kafka: KafkaSettings, topic: str) -> dict[str, dict[str, int]]:
    """Return the offset that the next record will get, by topic and partition.

    Raises: as `earliest_offsets`.
    """
    return _bounds(kafka, topic, OffsetSpec.LATEST)


def delete_records(kafka: KafkaSettings, before: Mapping[str, Mapping[str, int]]) -> None:
    """Delete the records before these offsets, by topic and partition: they cannot be read any more.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses.
    """
    until = {
        TopicPartition(topic, int(partition)): offset
        for topic, partitions in before.items()
        for partition, offset in partitions.items()
    }
    with _admin(kafka) as admin:
        try:
            if until:
                admin.delete_records(until)
        except PolicyViolationError as error:
            raise TerminalError(
                "a topic is compacted: Kafka keeps the newest record of every key",
                where=", ".join(before),
                hint="Set its cleanup.policy to delete; the history of the pins is in bronze.",
            ) from error


def backlog(kafka: KafkaSettings) -> int:
    """Return how many records of the batch topic have not been landed.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses.
    """
    return sum(row.lag or 0 for row in read_lag(kafka))


def _bounds(kafka: KafkaSettings, topic: str, spec: OffsetSpec) -> dict[str, dict[str, int]]:
    with _admin(kafka) as admin:
        numbers = _partitions(admin, (topic,)).get(topic, [])
        partitions = [TopicPartition(topic, number) for number in numbers]
        offsets = admin.list_partition_offsets(dict.fromkeys(partitions, spec)) if partitions else {}
    return {topic: {str(partition.partition): offset.offset for partition, offset in offsets.items()}}


@retry(
    retry=retry_if_exception_type(RetriableError),  # the first group of a broker waits for its offsets topic
    wait=wait_exponential(multiplier=0.1, max=1),
    stop=stop_after_delay(2 * TIMEOUT_SECONDS),
    reraise=True,
)
def _group_offsets(
    admin: KafkaAdminClient, group: str, partitions: list[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    offsets: dict[TopicPartition, OffsetAndMetadata] = admin.list_group_offsets({group: partitions})[group]
    return offsets


def _create(admin: KafkaAdminClient, name: str, kafka: KafkaSettings) -> bool:
    shape = {"num_partitions": kafka.partitions, "replication_factor": kafka.replication_factor}
    try:
        admin.create_topics({name: shape}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return False  # another API was faster
    _log.info("topic created", topic=name, partitions=kafka.partitions)
    return True


def _partitions(admin: KafkaAdminClient, names: tuple[str, ...]) -> dict[str, list[int]]:
    described: list[dict[str, Any]] = admin.describe_topics()
    return {
        topic["name"]: [partition["partition_index"] for partition in topic["partitions"]]
        for topic in described
        if topic["name"] in names
    }


@contextmanager
def _admin(kafka: KafkaSettings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Iterator[KafkaAdminClient]:
    admin = None
    try:
        admin = _connect(kafka, timeout_seconds)
        yield admin
    except AuthorizationError as error:
        raise TerminalError(
            f"Kafka refuses: {type(error).__name__}",
            where=kafka.bootstrap_servers,
            hint="Let the user of PINLAKE_KAFKA_USERNAME describe and create topics; an erasure also needs "
            "the right to delete records.",
        ) from error
    except KafkaError as error:
        raise TransientError(
            f"Kafka does not answer: {type(error).__name__}",
            where=kafka.bootstrap_servers,
            hint="Start it (`pinlake up`) or correct PINLAKE_KAFKA_BOOTSTRAP_SERVERS.",
        ) from error
    finally:
        if admin is not None:
            admin.close()


def _connect(kafka: KafkaSettings, timeout_seconds: float) -> KafkaAdminClient:
    try:
        return KafkaAdminClient(**kafka_python_config(kafka, timeout_seconds=timeout_seconds))
    except ValueError as error:
        raise ConfigurationError(
            f"this is not the address of a Kafka broker: {error}",
            where=kafka.bootstrap_servers,
            hint="Set PINLAKE_KAFKA_BOOTSTRAP_SERVERS to host:port; separate several with commas.",
        ) from None
