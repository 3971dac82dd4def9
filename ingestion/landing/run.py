"""One run of the batch consumer: opens its clients from the settings and translates Kafka's errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kafka import KafkaConsumer
from kafka.errors import KafkaError, RetriableError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from foundation.clients import kafka_python_config
from foundation.errors import TerminalError, TransientError
from foundation.object_store import ObjectStore
from foundation.offsets import LostOffsets, data_loss_error
from foundation.settings import KafkaSettings, Settings
from ingestion.landing.consumer import BatchConsumer, PartitionCounts
from ingestion.landing.consumer_group import GIVE_UP_AFTER_SECONDS
from ingestion.landing.store import LandingStore

TIMEOUT_SECONDS = 10.0
SESSION_SECONDS = 10
PARTITION_FETCH_BYTES = 4 * 1024 * 1024


def consume(
    settings: Settings,
    *,
    follow: bool = False,
    stopping: threading.Event | None = None,
    on_records: Callable[[int], None] = lambda count: None,
) -> list[PartitionCounts]:
    """Land the records of the batch topic.

    Args:
        settings: Kafka, S3 and the limits of an object.
        follow: continue at the end of the topic; if False, stop at the end as it is when the run starts.
        stopping: set it to end early; records that are not put yet are left to the next run.
        on_records: called with the number of records of every poll.

    Returns:
        The counts of each partition.

    Raises:
        TransientError: Kafka or S3 did not answer for a minute.
        TerminalError: Kafka no longer has offsets that should be read, or Kafka or S3 refuses.
    """
    ending = stopping or threading.Event()
    landing = LandingStore(ObjectStore.open(settings.s3), stopping=ending)
    with _kafka_errors(settings.kafka):
        consumer = _connect(settings.kafka)
        try:
            batch = BatchConsumer(
                consumer,
                landing,
                limits=settings.consumer,
                stopping=ending,
                on_loss=landing.record if settings.kafka.on_data_loss == "record" else _refuse,
            )
            return batch.run(settings.kafka.batch_topic, follow=follow, on_records=on_records)
        finally:
            consumer.close(autocommit=False, timeout_ms=int(TIMEOUT_SECONDS * 1000))


def _connect(kafka: KafkaSettings) -> KafkaConsumer:
    persistent = Retrying(
        retry=retry_if_exception_type(RetriableError),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_delay(GIVE_UP_AFTER_SECONDS),
        reraise=True,
    )
    return persistent(
        KafkaConsumer,
        **kafka_python_config(kafka, timeout_seconds=TIMEOUT_SECONDS),
        group_id=kafka.consumer_group,
        session_timeout_ms=SESSION_SECONDS * 1000,
        enable_auto_commit=False,
        auto_offset_reset="none",
        allow_auto_create_topics=False,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        metrics_enabled=False,
    )


def _refuse(lost: LostOffsets) -> None:
    raise data_loss_error([lost])


@contextmanager
def _kafka_errors(kafka: KafkaSettings) -> Iterator[None]:
    try:
        yield
    except RetriableError as error:
        raise TransientError(
            f"Kafka does not answer: {type(error).__name__}",
            where=kafka.bootstrap_servers,
            hint="Start it (`pinlake up`) or correct PINLAKE_KAFKA_BOOTSTRAP_SERVERS; nothing is lost.",
        ) from error
    except KafkaError as error:
        raise TerminalError(
            f"Kafka refuses: {type(error).__name__}",
            where=kafka.bootstrap_servers,
            hint="Check PINLAKE_KAFKA_* and the rights of its user on the topic and the group.",
        ) from error
