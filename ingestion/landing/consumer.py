"""Kafka to S3: the batch topic's records into landing objects, without a hole and without a double.

An object is put first and its offsets are committed afterwards. Between the two a process may die; the
next owner of the partition, who cannot know how far the dead one had collected, therefore asks S3 for an
object that begins with the very record it reads first, and goes on after that object's end if there is
one. So S3, not Kafka's commit, says what has landed.

The window that stays: the group is asked right before each put, but a process that is suspended for
longer than the session timeout between the answer and the put, and then goes on, may put an object
beside those of the partition's new owner. Silver keeps one row an event, whatever lands twice.
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
from ingestion.landing.consumer_group import GIVE_UP_AFTER_SECONDS, ConsumerGroupMember, forgotten
from ingestion.landing.object_buffer import ObjectBuffer
from ingestion.landing.store import Landing

POLL_MILLISECONDS = 200
POLL_RECORDS = 5000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Landed:
    """What a run has done for one partition: records and objects, bytes as put and before compression."""

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
        landing: where objects go.
        limits: when an object is closed; `max_bytes` also bounds what is held of all partitions together.
        stopping: set to end the run; what is collected but not put is left to the next run.
        on_loss: see `ingestion.landing.consumer_group.ConsumerGroupMember`.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        landing: Landing,
        *,
        limits: ConsumerSettings,
        stopping: threading.Event,
        on_loss: Callable[[LostOffsets], None],
    ) -> None:
        self._consumer = consumer
        self._landing = landing
        self._limits = limits
        self._stopping = stopping
        self._member = ConsumerGroupMember(consumer, on_revoked=self._forget, on_loss=on_loss)
        self._buffers: dict[TopicPartition, ObjectBuffer] = {}
        self._checked: set[TopicPartition] = set()
        self._landed: dict[TopicPartition, Landed] = {}

    def run(
        self, topic: str, *, follow: bool = False, on_records: Callable[[int], None] = lambda count: None
    ) -> list[Landed]:
        """Land what is in the topic.

        Args:
            topic: the topic.
            follow: go on when the end is reached; otherwise stop at the end as it is now.
            on_records: called with the number of records of every poll.

        Returns:
            What has landed, by partition.

        Raises:
            TransientError: Kafka or S3 stayed away for a minute.
            TerminalError: Kafka no longer has offsets that were to be read, or S3 refuses.
        """
        ends = self._ends(topic)
        self._member.join(topic)
        heard_at = time.monotonic()
        while not self._stopping.is_set():
            records = self._poll()
            self._member.rejoin_if_stuck(topic)
            if records or follow:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > GIVE_UP_AFTER_SECONDS:
                raise _away(topic)
            for partition, batch in records.items():
                self._take(partition, batch)
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
            raise forgotten(partition, wanted=offset, begin=begins[partition], end=ends[partition]) from error
        self._member.position()
        return records

    def _take(self, partition: TopicPartition, records: list[ConsumerRecord]) -> None:
        if partition not in self._checked:
            if self._skip_landed(partition, records[0]):
                return
            self._checked.add(partition)
        while records:
            buffer = self._buffers.get(partition)
            if buffer is None:
                buffer = self._buffers[partition] = ObjectBuffer(opened_at=time.monotonic())
            room = self._limits.max_records - len(buffer)
            buffer.extend(records[:room])
            records = records[room:]
            if len(buffer) >= self._limits.max_records and not self._put(partition):
                return

    def _skip_landed(self, partition: TopicPartition, first: ConsumerRecord) -> bool:
        probe = ObjectBuffer(opened_at=time.monotonic())
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
        oldest = time.monotonic() - self._limits.max_seconds
        for partition in [place for place, buffer in self._buffers.items() if buffer.opened_at <= oldest]:
            self._put(partition)
        while sum(buffer.size for buffer in self._buffers.values()) >= self._limits.max_bytes:
            self._put(max(self._buffers, key=lambda place: self._buffers[place].size))

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
        # Markers of transactions and compacted records leave the end behind the last record.
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
            hint = "Start the door (`pinlake serve`), which creates it, or correct PINLAKE_KAFKA_BATCH_TOPIC."
            raise TerminalError("the topic does not exist", where=f"topic {topic}", hint=hint)
        return self._member.bounds([TopicPartition(topic, number) for number in numbers])[1]

    def _forget(self, revoked: Collection[TopicPartition]) -> None:
        for partition in revoked:
            self._buffers.pop(partition, None)
            self._checked.discard(partition)

    def _count(self, partition: TopicPartition, **added: int) -> None:
        landed = self._landed.get(partition) or Landed(partition.topic, partition.partition)
        sums = {name: getattr(landed, name) + number for name, number in added.items()}
        self._landed[partition] = replace(landed, **sums)


def _away(topic: str) -> TransientError:
    return TransientError(
        f"Kafka has sent nothing for {GIVE_UP_AFTER_SECONDS:.0f} seconds though there is more to read",
        where=f"topic {topic}",
        hint="Look at the broker and its network, then run the command again: nothing is lost.",
    )
