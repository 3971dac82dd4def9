"""A producer of records, and readers of topics and landing objects, for tests of the batch consumer."""

from __future__ import annotations

import base64
import gzip
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from confluent_kafka import Producer
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import MemberToRemove
from kafka.consumer.fetcher import ConsumerRecord

from foundation import kafka_admin as topics
from foundation.clients import kafka_python_config, s3_client
from foundation.landing_object import FOLDER
from foundation.settings import KafkaSettings, Settings

TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Record:
    """The content and the position of a record."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def isolate(settings: Settings, *, partitions: int = 2, **limits: float) -> Settings:
    """Return settings with topics and a consumer group of one test, and limits of the consumer.

    The topics are not created.
    """
    name = f"test-{uuid.uuid4().hex}"
    own = {
        "batch_topic": f"{name}-batch",
        "stream_topic": f"{name}-stream",
        "consumer_group": name,
        "partitions": partitions,
    }
    return settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(update=own),
            "consumer": settings.consumer.model_copy(update=limits),
        }
    )


def create(settings: Settings, *, partitions: int = 2, **limits: float) -> Settings:
    """Create both topics of such settings, and return the settings."""
    own = isolate(settings, partitions=partitions, **limits)
    topics.create_topics(own.kafka)
    return own


@contextmanager
def admin(kafka: KafkaSettings) -> Iterator[KafkaAdminClient]:
    """Yield an admin client."""
    with closing(KafkaAdminClient(**kafka_python_config(kafka, timeout_seconds=TIMEOUT_SECONDS))) as client:
        yield client


def produce(kafka: KafkaSettings, values: Iterable[bytes | None], **fields: Any) -> None:  # noqa: ANN401 - whatever a producer takes
    """Write values to the partitions of the batch topic in turn, and wait for the acknowledgements.

    Args:
        kafka: broker and topic.
        values: of the records.
        fields: key, headers or timestamp of every record.
    """
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "acks": "all", "linger.ms": 5})
    for number, value in enumerate(values):
        partition = number % kafka.partitions
        producer.produce(kafka.batch_topic, value, partition=partition, on_delivery=_raise, **fields)
        producer.poll(0)
    assert producer.flush(TIMEOUT_SECONDS) == 0


def read(kafka: KafkaSettings, topic: str) -> list[Record]:
    """Return the records that a topic holds now."""
    with closing(KafkaConsumer(**kafka_python_config(kafka, timeout_seconds=TIMEOUT_SECONDS))) as consumer:
        partitions_of_topic = [
            TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(partitions_of_topic)
        consumer.seek_to_beginning(*partitions_of_topic)
        ends = consumer.end_offsets(partitions_of_topic)
        records: list[Record] = []
        while any(consumer.position(partition) < ends[partition] for partition in partitions_of_topic):
            for batch in consumer.poll(timeout_ms=1000).values():
                records += map(_from_kafka, batch)
        return records


def members(client: KafkaAdminClient, group: str) -> list[str]:
    """Return the members of a consumer group if it is stable, else an empty list."""
    description = client.describe_groups([group])[group]
    return (
        [member["member_id"] for member in description["members"]]
        if description["group_state"] == "Stable"
        else []
    )


def evict(kafka: KafkaSettings) -> None:
    """Remove every member of the consumer group, as its coordinator does after a timeout."""
    with admin(kafka) as client:
        description = client.describe_groups([kafka.consumer_group])[kafka.consumer_group]
        members_to_remove = [MemberToRemove(member["member_id"]) for member in description["members"]]
        client.remove_group_members(kafka.consumer_group, members_to_remove)


def landing_keys(settings: Settings) -> list[str]:
    """Return the keys of the landing objects of the batch topic, sorted."""
    pages = s3_client(settings.s3).get_paginator("list_objects_v2")
    listing = pages.paginate(Bucket=settings.s3.bucket, Prefix=f"{FOLDER}/")
    names = [entry["Key"] for page in listing for entry in page.get("Contents", [])]
    return sorted(name for name in names if f"/{settings.kafka.batch_topic}-" in name)


def read_landed(settings: Settings) -> list[Record]:
    """Return every record of the batch topic in landing objects, with duplicates."""
    s3 = s3_client(settings.s3)
    records: list[Record] = []
    for key in landing_keys(settings):
        body = s3.get_object(Bucket=settings.s3.bucket, Key=key)["Body"].read()
        records += [_from_line(line) for line in gzip.decompress(body).splitlines()]
    return records


def assert_all_landed_once(settings: Settings) -> None:
    """Assert that the landing objects hold every record of the batch topic exactly once."""
    assert _in_order(read_landed(settings)) == _in_order(read(settings.kafka, settings.kafka.batch_topic))


def _in_order(records: list[Record]) -> list[Record]:
    return sorted(records, key=lambda record: (record.partition, record.offset))


def _from_kafka(record: ConsumerRecord) -> Record:
    return Record(
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
    )


def _from_line(line: bytes) -> Record:
    fields = orjson.loads(line)
    return Record(
        partition=fields["partition"],
        offset=fields["offset"],
        timestamp=fields["timestamp"],
        key=_content(fields, "key"),
        value=_content(fields, "value"),
        headers=tuple((header["key"], _content(header, "value")) for header in fields["headers"]),
    )


def _content(fields: dict[str, Any], name: str) -> bytes | None:
    if f"{name}_base64" in fields:
        return base64.b64decode(fields[f"{name}_base64"])
    text = fields[name]
    return None if text is None else str(text).encode()


def _raise(error: object, _message: object) -> None:
    assert error is None, error
