"""The two topics: created where they are missing, and how far the batch consumer is behind."""

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
    """One partition: the batch consumer's committed offset (None: none yet), its end, what lies between.

    Lag of a partition without a commit counts from its first offset that is still there. The stream topic
    has neither commit nor lag here: its reader keeps its offsets in a checkpoint, which
    `lakehouse.delta.streaming_checkpoint` reads.
    """

    topic: str
    partition: int
    committed: int | None
    end: int
    lag: int | None


def create_topics(kafka: KafkaSettings) -> list[str]:
    """Create the topics that are missing; leave those that exist as they are.

    Returns:
        The names of those created.

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
    """Ask whether Kafka answers and has both topics.

    Args:
        kafka: the broker and the topics' names.
        timeout_seconds: how long connecting, and then the question, may take.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: it refuses, or a topic is missing.
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


def lag(kafka: KafkaSettings) -> list[PartitionLag]:
    """Return how far the batch consumer's group is behind, by topic and partition.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses.
    """
    with _admin(kafka) as admin:
        found = _partitions(admin, (kafka.batch_topic, kafka.stream_topic))
        places = [TopicPartition(name, number) for name, numbers in found.items() for number in numbers]
        if not places:
            return []
        ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        batch = [place for place in places if place.topic == kafka.batch_topic]
        begins = admin.list_partition_offsets(dict.fromkeys(batch, OffsetSpec.EARLIEST))
        group = _group_offsets(admin, kafka.consumer_group, batch)
    rows = []
    for place in sorted(places):
        commit = group.get(place)
        committed = commit.offset if commit is not None and commit.offset >= 0 else None
        start = committed if committed is not None else begins[place].offset if place in begins else None
        end = ends[place].offset
        rows.append(
            PartitionLag(place.topic, place.partition, committed, end, None if start is None else end - start)
        )
    return rows


def earliest(kafka: KafkaSettings, topic: str) -> dict[str, dict[str, int]]:
    """Return the first offset that Kafka still has, by topic and partition.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses.
    """
    return _bounds(kafka, topic, OffsetSpec.EARLIEST)


def latest(kafka: KafkaSettings, topic: str) -> dict[str, dict[str, int]]:
    """Return the offset that the next record will get, by topic and partition.

    Raises: as `earliest`.
    """
    return _bounds(kafka, topic, OffsetSpec.LATEST)


def forget(kafka: KafkaSettings, before: Mapping[str, Mapping[str, int]]) -> None:
    """Have Kafka remove the records before these offsets, by topic and partition: nobody reads them again.

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
                "Kafka keeps the newest record of every key: a topic is compacted",
                where=", ".join(before),
                hint="Set its cleanup.policy to delete; the pins' own history is in bronze.",
            ) from error


def backlog(kafka: KafkaSettings) -> int:
    """Return how many offsets of the batch topic wait to be landed.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: Kafka refuses.
    """
    return sum(row.lag or 0 for row in lag(kafka))


def _bounds(kafka: KafkaSettings, topic: str, spec: OffsetSpec) -> dict[str, dict[str, int]]:
    with _admin(kafka) as admin:
        numbers = _partitions(admin, (topic,)).get(topic, [])
        places = [TopicPartition(topic, number) for number in numbers]
        found = admin.list_partition_offsets(dict.fromkeys(places, spec)) if places else {}
    return {topic: {str(place.partition): offset.offset for place, offset in found.items()}}


@retry(
    retry=retry_if_exception_type(RetriableError),  # a broker's first group waits for its offsets topic
    wait=wait_exponential(multiplier=0.1, max=1),
    stop=stop_after_delay(2 * TIMEOUT_SECONDS),
    reraise=True,
)
def _group_offsets(
    admin: KafkaAdminClient, group: str, places: list[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    offsets: dict[TopicPartition, OffsetAndMetadata] = admin.list_group_offsets({group: places})[group]
    return offsets


def _create(admin: KafkaAdminClient, name: str, kafka: KafkaSettings) -> bool:
    shape = {"num_partitions": kafka.partitions, "replication_factor": kafka.replication_factor}
    try:
        admin.create_topics({name: shape}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return False  # another door was faster
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
            hint="Grant the user of PINLAKE_KAFKA_USERNAME the right to describe and create topics; to erase "
            "pins, also that to delete records.",
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
            f"not an address of Kafka: {error}",
            where=kafka.bootstrap_servers,
            hint="Set PINLAKE_KAFKA_BOOTSTRAP_SERVERS to host:port, several of them with commas.",
        ) from None
