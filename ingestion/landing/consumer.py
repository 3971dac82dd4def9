"""The batch consumer: records of the batch topic to landing objects on S3, without gaps or duplicates.

An object is put first, then its offsets are committed. A process may die between the two. The next owner of
the partition cannot know how far the dead process had read, so it asks S3 for an object that starts with the
first record it reads. If there is one, it continues after the end of that object. So S3, not Kafka's commit,
says what has landed.

One gap remains. Before each put the consumer asks the group whether it still owns the partition. If the
process is then suspended for longer than the session timeout, its put can overlap with the objects of the
new owner. Silver keeps one row per event, even if an event has landed twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import OffsetOutOfRangeError

from foundation.errors import TerminalError, TransientError
from foundation.offsets import LostOffsets
from foundation.settings import ConsumerSettings
from ingestion.landing.consumer_group import GIVE_UP_AFTER_SECONDS, ConsumerGroupMember, offset_error
from ingestion.landing.object_buffer import ObjectBuffer
from ingestion.landing.store import LandingStore

POLL_MILLISECONDS = 200
POLL_RECORDS = 5000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PartitionCounts:
    """Counts of one run for one partition.

    Attributes:
        topic: the topic.
        partition: the partition.
        records: records put.
        objects: objects put.
        bytes: size of the objects, compressed.
        uncompressed_bytes: size of the objects before compression.
        already_landed: objects that an earlier process had put without committing their offsets.
    """

    topic: str
    partition: int
    records: int = 0
    objects: int = 0
    bytes: int = 0
    uncompressed_bytes: int = 0
    already_landed: int = 0


class BatchConsumer:
    """One run of the consumer.

    Args:
        consumer: a kafka-python consumer of the group, with auto commit and offset reset off.
        landing: stores the objects.
        limits: limits of an object; `max_bytes` also limits the buffers of all partitions together.
        stopping: set it to end the run; records that are not put yet are left to the next run.
        on_loss: see `ingestion.landing.consumer_group.ConsumerGroupMember`.
        clock: monotonic clock, in seconds.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        landing: LandingStore,
        *,
        limits: ConsumerSettings,
        stopping: threading.Event,
        on_loss: Callable[[LostOffsets], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._landing = landing
        self._limits = limits
        self._stopping = stopping
        self._clock = clock
        self._member = ConsumerGroupMember(consumer, on_revoked=self._forget, on_loss=on_loss, clock=clock)
        self._buffers: dict[TopicPartition, ObjectBuffer] = {}
        self._checked: set[TopicPartition] = set()
        self._landed: dict[TopicPartition, PartitionCounts] = {}

    def run(
        self, topic: str, *, follow: bool = False, on_records: Callable[[int], None] = lambda count: None
    ) -> list[PartitionCounts]:
        """Land the records of the topic.

        Args:
            topic: the topic.
            follow: continue at the end of the topic; if False, stop at the end as it is now.
            on_records: called with the number of records of every poll.

        Returns:
            The counts of each partition.

        Raises:
            TransientError: Kafka or S3 did not answer for a minute.
            TerminalError: Kafka no longer has offsets that should be read, or S3 refuses.
        """
        ends = self._ends(topic)
        self._member.join(topic)
        received_at = self._clock()
        while not self._stopping.is_set():
            records = self._poll()
            self._member.rejoin_if_stuck(topic)
            if records or follow:
                received_at = self._clock()
            elif self._clock() - received_at > GIVE_UP_AFTER_SECONDS:
                raise _silence_error(topic)
            for partition, batch in records.items():
                self._buffer(partition, batch)
            on_records(sum(map(len, records.values())))
            self._close_due()
            if not follow and self._reached(ends) and self._finish():
                break
        return [self._landed[partition] for partition in sorted(self._landed)]

    def _poll(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        try:
            records: dict[TopicPartition, list[ConsumerRecord]] = self._consumer.poll(
                POLL_MILLISECONDS, max_records=POLL_RECORDS
            )
        except OffsetOutOfRangeError as error:
            ((partition, offset), *_) = error.args[0].items()
            begins, ends = self._member.bounds([partition])
            raise offset_error(
                partition, wanted=offset, begin=begins[partition], end=ends[partition]
            ) from error
        self._member.position()
        return records

    def _buffer(self, partition: TopicPartition, records: list[ConsumerRecord]) -> None:
        if partition not in self._checked:
            if self._skip_landed(partition, records[0]):
                return
            self._checked.add(partition)
        while records:
            buffer = self._buffers.get(partition)
            if buffer is None:
                buffer = self._buffers[partition] = ObjectBuffer(opened_at=self._clock())
            room = self._limits.max_records - len(buffer)
            buffer.extend(records[:room])
            records = records[room:]
            if len(buffer) >= self._limits.max_records and not self._put(partition):
                return

    def _skip_landed(self, partition: TopicPartition, first: ConsumerRecord) -> bool:
        probe = ObjectBuffer(opened_at=self._clock())
        probe.extend([first])
        last = self._landing.last_offset(probe.landing_object, first_record_hash=probe.first_record_hash)
        if last is None:
            return False
        _log.info("landed before, not committed", topic=first.topic, partition=first.partition, last=last)
        if self._member.commit(partition, last + 1):
            self._consumer.seek(partition, last + 1)
            self._count(partition, already_landed=1)
        return True

    def _close_due(self) -> None:
        oldest = self._clock() - self._limits.max_seconds
        for partition in [key for key, buffer in self._buffers.items() if buffer.opened_at <= oldest]:
            self._put(partition)
        while sum(buffer.size for buffer in self._buffers.values()) >= self._limits.max_bytes:
            self._put(max(self._buffers, key=lambda key: self._buffers[key].size))

    def _put(self, partition: TopicPartition) -> bool:
        buffer = self._buffers.pop(partition)
        body, landed = buffer.compress(), buffer.landing_object
        if not self._member.still_owns(partition, at=landed.offsets.first):
            self._checked.discard(partition)
            return False
        self._landing.put(landed.key, body, first_record_hash=buffer.first_record_hash)
        self._count(
            partition, records=len(buffer), objects=1, bytes=len(body), uncompressed_bytes=buffer.size
        )
        if not self._member.commit(partition, landed.offsets.last + 1):
            self._checked.discard(partition)
            return False
        return True

    def _finish(self) -> bool:
        put = [self._put(partition) for partition in list(self._buffers)]
        if not all(put):
            return False
        # The end can lie after the last record, because of transaction markers and compacted records.
        return all(
            self._member.commit(partition, self._consumer.position(partition))
            for partition in self._consumer.assignment()
        )

    def _reached(self, ends: dict[TopicPartition, int]) -> bool:
        if not self._member.positioned:
            return False
        positions = {
            partition: self._consumer.position(partition, timeout_ms=POLL_MILLISECONDS)
            for partition in self._consumer.assignment()
        }
        return all(
            position is not None and position >= ends.get(partition, 0)
            for partition, position in positions.items()
        )

    def _ends(self, topic: str) -> dict[TopicPartition, int]:
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            hint = "Start the API (`pinlake serve`), which creates it, or correct PINLAKE_KAFKA_BATCH_TOPIC."
            raise TerminalError("the topic does not exist", where=f"topic {topic}", hint=hint)
        return self._member.bounds([TopicPartition(topic, number) for number in numbers])[1]

    def _forget(self, revoked: Collection[TopicPartition]) -> None:
        for partition in revoked:
            self._buffers.pop(partition, None)
            self._checked.discard(partition)

    def _count(self, partition: TopicPartition, **added: int) -> None:
        landed = self._landed.get(partition) or PartitionCounts(partition.topic, partition.partition)
        sums = {name: getattr(landed, name) + number for name, number in added.items()}
        self._landed[partition] = replace(landed, **sums)


def _silence_error(topic: str) -> TransientError:
    return TransientError(
        f"Kafka sent nothing for {GIVE_UP_AFTER_SECONDS:.0f} seconds although there is more to read",
        where=f"topic {topic}",
        hint="Check the broker and its network, then run the command again: nothing is lost.",
    )
