"""Archived warehouses of older versions: their objects, topics and database."""

from __future__ import annotations

import base64
import tarfile
from contextlib import closing
from pathlib import Path

import orjson
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from foundation.clients import s3_client
from foundation.postgres import connect
from foundation.settings import Settings

FOLDER = Path(__file__).parent / "fixtures"
NAME = "old_warehouse"
FLUSH_SECONDS = 30.0


def restore(stack: Settings, archive: str) -> Settings:
    """Restore a warehouse to a running stack, and return its settings."""
    settings = _settings(stack)
    _create_topics(settings)
    s3_client(settings.s3).create_bucket(Bucket=settings.s3.bucket)
    with tarfile.open(FOLDER / archive) as archive_file:
        contents = {entry.name: _read_member(archive_file, entry) for entry in archive_file.getmembers()}
    _put_objects(settings, contents)
    for topic in (settings.kafka.batch_topic, settings.kafka.stream_topic):
        _produce(settings, topic, contents[f"topics/{topic}.jsonl"].splitlines())
    _load(settings, contents["postgres.sql"].decode())
    return settings


def _settings(stack: Settings) -> Settings:
    kafka = {"batch_topic": "old-batch", "stream_topic": "old-stream", "consumer_group": "old-warehouse"}
    return stack.model_copy(
        update={
            "kafka": stack.kafka.model_copy(update=kafka),
            "s3": stack.s3.model_copy(update={"bucket": "old-warehouse"}),
            "postgres": stack.postgres.model_copy(update={"database": NAME}),
        }
    )


def _read_member(archive_file: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    stream = archive_file.extractfile(entry)
    assert stream is not None
    return stream.read()


def _create_topics(settings: Settings) -> None:
    """Create topics without retention: the records are as old as the archive."""
    kafka = settings.kafka
    topics = [
        NewTopic(name, num_partitions=2, replication_factor=1, config={"retention.ms": "-1"})
        for name in (kafka.batch_topic, kafka.stream_topic)
    ]
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for created in admin.create_topics(topics).values():
        created.result()


def _put_objects(settings: Settings, contents: dict[str, bytes]) -> None:
    s3 = s3_client(settings.s3)
    for name, body in contents.items():
        if name.startswith("objects/"):
            key = name.removeprefix("objects/")
            metadata = orjson.loads(contents.get(f"metadata/{key}", b"{}"))
            s3.put_object(Bucket=settings.s3.bucket, Key=key, Body=body, Metadata=metadata)


def _produce(settings: Settings, topic: str, lines: list[bytes]) -> None:
    """Write the records at their original offsets; the archive has them in this order."""
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "acks": "all"})
    for line in lines:
        record = orjson.loads(line)
        producer.produce(
            topic,
            _decode(record["value"]),
            key=_decode(record["key"]),
            partition=record["partition"],
            timestamp=record["timestamp"],
            headers=[(name, _decode(value)) for name, value in record["headers"]],
        )
    assert producer.flush(FLUSH_SECONDS) == 0


def _load(settings: Settings, dump: str) -> None:
    with closing(connect(settings.postgres, database="postgres")) as session, session.cursor() as cursor:
        session.autocommit = True
        cursor.execute(f"CREATE DATABASE {NAME}")
    # Lines with a backslash are psql's own commands.
    statements = "\n".join(line for line in dump.splitlines() if not line.startswith("\\"))
    with closing(connect(settings.postgres)) as session, session.cursor() as cursor:
        cursor.execute(statements)
        session.commit()


def _decode(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
