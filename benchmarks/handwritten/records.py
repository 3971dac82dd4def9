"""The records of a Kafka topic as Polars frames, read with confluent-kafka in large batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import cast

import polars as pl
from confluent_kafka import Consumer, Message, TopicPartition

from benchmarks.topic import Span
from foundation.clients import librdkafka_config
from foundation.errors import TransientError
from foundation.event import EVENT_ID_HEADER, RECEIVED_AT_HEADER
from foundation.settings import KafkaSettings

BATCH_RECORDS = 100_000

# As a consumer returns them; the type of confluent-kafka also has the forms that a producer takes.
Headers = list[tuple[str, bytes | None]]

_SCHEMA = pl.Schema(
    {
        "topic": pl.String,
        "partition": pl.Int32,
        "offset": pl.Int64,
        "kafka_timestamp": pl.Int64,
        "key": pl.Binary,
        "value": pl.Binary,
        "event_id": pl.String,
        "received_at": pl.String,
    }
)
# librdkafka waits for half a second by default before it asks a partition again that it has read to its end.
_OPTIONS = {
    "group.id": "handwritten",
    "enable.auto.commit": False,
    "fetch.wait.max.ms": 50,
    "queued.min.messages": BATCH_RECORDS,
    "fetch.message.max.bytes": 16 * 1024 * 1024,
}
_SILENCE_SECONDS = 30.0


def read_records(kafka: KafkaSettings, span: Span) -> Iterator[pl.DataFrame]:
    """Yield the records between two positions, in batches of at most `BATCH_RECORDS`.

    Args:
        kafka: the broker.
        span: the topic and the positions.

    Yields:
        topic, partition, offset, kafka_timestamp, key, value, and the headers event_id and received_at.

    Raises:
        TransientError: Kafka sends nothing although there are records.
    """
    end = span.end
    partitions = [
        TopicPartition(span.topic, number, offset)
        for number, offset in span.start.items()
        if offset < end[number]
    ]
    missing = span.records
    with closing(Consumer(librdkafka_config(kafka) | _OPTIONS)) as consumer:
        consumer.assign(partitions)
        while missing:
            messages = _consume(consumer, min(missing, BATCH_RECORDS))
            # A partition that is read to its end goes on with what came later, which is not asked for.
            wanted = [
                message for message in messages if (message.offset() or 0) < end[message.partition() or 0]
            ]
            missing -= len(wanted)
            yield to_frame(wanted)


def to_frame(messages: list[Message]) -> pl.DataFrame:
    """Return messages as rows."""
    rows = [
        (
            message.topic(),
            message.partition(),
            message.offset(),
            message.timestamp()[1],
            message.key(),
            message.value(),
            *_read_headers(cast("Headers", message.headers() or [])),
        )
        for message in messages
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
    frame = pl.DataFrame(dict(zip(_SCHEMA, columns, strict=True)), schema=_SCHEMA)
    time = pl.col("kafka_timestamp").cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC"))
    return frame.with_columns(time)


def _read_headers(headers: Headers) -> tuple[str | None, str | None]:
    """Return the first event_id and the first received_at that are text."""
    found: dict[str, str | None] = {}
    for name, value in headers:
        found.setdefault(name, _decode(value))
    return found.get(EVENT_ID_HEADER), found.get(RECEIVED_AT_HEADER)


def _decode(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _consume(consumer: Consumer, count: int) -> list[Message]:
    """Wait for `count` messages and return them.

    Raises:
        TransientError: none comes, or Kafka reports an error.
    """
    messages = consumer.consume(count, timeout=_SILENCE_SECONDS)
    errors = [error for message in messages if (error := message.error())]
    if errors or not messages:
        raise TransientError(
            f"Kafka sends no records: {errors[0] if errors else 'it is silent'}",
            where="the hand-written pipeline",
            hint="Try again.",
        )
    return messages
