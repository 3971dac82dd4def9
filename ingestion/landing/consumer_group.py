"""Membership of the batch consumer in its group: its partitions, their offsets, and commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    RetriableError,
    UnknownMemberIdError,
)
from kafka.structs import MemberState, OffsetAndMetadata
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from foundation.errors import TerminalError
from foundation.offsets import LostOffsets, OffsetRange, data_loss_error

GIVE_UP_AFTER_SECONDS = 60.0
CALL_MILLISECONDS = 10_000
REBALANCE_SECONDS = 12.0

_log = structlog.get_logger(__name__)
_persistent = retry(
    retry=retry_if_exception_type(RetriableError),
    wait=wait_random_exponential(multiplier=0.2, max=5),
    stop=stop_after_delay(GIVE_UP_AFTER_SECONDS),
    reraise=True,
)


class ConsumerGroupMember(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python ships no types
    """A member of the group, which follows its rebalances.

    A new partition is paused until `position` has set it to its committed offset, because callbacks run
    inside poll, where nothing may block. The consumer's own reset policy is off, so an offset that Kafka has
    removed is never skipped silently.

    Args:
        consumer: `join` subscribes it.
        on_revoked: called with partitions that were revoked.
        on_loss: called with offsets that Kafka removed before they were read; if it raises, nothing is
            skipped.
        clock: monotonic clock, in seconds.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        *,
        on_revoked: Callable[[Collection[TopicPartition]], None],
        on_loss: Callable[[LostOffsets], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._clock = clock
        self._on_revoked = on_revoked
        self._on_loss = on_loss
        self._unpositioned: set[TopicPartition] = set()
        self._generation = -1
        self._rebalancing_since: float | None = None
        self.joined = False

    def join(self, topic: str) -> None:
        """Subscribe; a later poll assigns partitions."""
        self._consumer.subscribe([topic], listener=self)
        # A join without the metadata of the topic is followed by a second join when the metadata arrives.
        self._consumer.topics()

    def rejoin_if_stuck(self, topic: str) -> None:
        """Leave the group and join it again if a rebalance does not end; call this after every poll.

        kafka-python loses a join whose response arrives after poll has given up, if new metadata was the
        reason for the join (KAFKA-9815 is the same bug of the Java client). It then neither sends heartbeats
        nor joins again. A healthy rebalance ends within the session timeout of ten seconds.
        """
        if self._consumer.group_metadata().state != MemberState.REBALANCING:
            self._rebalancing_since = None
        elif self._rebalancing_since is None:
            self._rebalancing_since = self._clock()
        elif self._clock() - self._rebalancing_since > REBALANCE_SECONDS:
            _log.warning("rebalance does not end, joining again", topic=topic)
            self._rebalancing_since, self.joined = None, False
            self.on_partitions_revoked(self._consumer.assignment())
            self._consumer.unsubscribe()
            self.join(topic)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Drop the state of partitions that other members may own now."""
        self._unpositioned.difference_update(revoked)
        self._on_revoked(revoked)

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Pause new partitions until they are positioned."""
        self.joined = True
        self._unpositioned.update(assigned)
        if assigned:
            self._consumer.pause(*assigned)
            self._consumer.seek_to_beginning(*assigned)

    def position(self) -> None:
        """Set every new partition to its committed offset, or to its beginning if there is no commit.

        Raises:
            TerminalError: the topic was deleted and created again; or what `on_loss` raises.
        """
        if not self._unpositioned:
            return
        self._unpositioned &= self._consumer.assignment()
        begins, ends = self.bounds(self._unpositioned)
        for partition in sorted(self._unpositioned):
            committed = self._committed(partition)
            begin, end = begins[partition], ends[partition]
            if committed is not None and committed > end:
                raise offset_error(partition, wanted=committed, begin=begin, end=end)
            if committed is not None and committed < begin:
                self._on_loss(_lost(partition, committed, begin))
            self._consumer.seek(partition, max(begin, committed or 0))
            self._consumer.resume(partition)
        self._generation = self._consumer.group_metadata().generation_id
        self._unpositioned.clear()

    @property
    def positioned(self) -> bool:
        """Whether partitions are assigned and all of them are positioned."""
        return self.joined and not self._unpositioned

    def still_owns(self, partition: TopicPartition, *, at: int) -> bool:
        """Ask the group's coordinator whether this member still owns the partition.

        The state of this member may be stale: a process that was suspended still believes that it is a
        member. So it asks the coordinator, by committing its current offset.

        Args:
            partition: the partition of the buffered records.
            at: the offset of the first buffered record.
        """
        group = self._consumer.group_metadata()
        stable = group.state == MemberState.STABLE and group.generation_id == self._generation
        if stable and partition in self._consumer.assignment():
            return self.commit(partition, at)
        self._require_position(partition)
        return False

    def commit(self, partition: TopicPartition, offset: int) -> bool:
        """Commit the offset to read next.

        Returns:
            False if another member owns the partition now: that member finds the object that was put.

        Raises:
            KafkaError: the broker did not answer, or refuses.
        """
        try:
            self._commit({partition: OffsetAndMetadata(offset)})
        except (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError):
            _log.warning("commit refused after a rebalance", topic=partition[0], partition=partition[1])
            self._require_position(partition)
            return False
        return True

    @_persistent
    def bounds(
        self, partitions: Iterable[TopicPartition]
    ) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        """Return the first offset and the end of each partition.

        Raises:
            KafkaError: the broker did not answer, or refuses.
        """
        listed = list(partitions)
        begins = self._consumer.beginning_offsets(listed, timeout_ms=CALL_MILLISECONDS)
        return begins, self._consumer.end_offsets(listed, timeout_ms=CALL_MILLISECONDS)

    def _require_position(self, partition: TopicPartition) -> None:
        """Make the next `position` set the partition again, if this member still owns it then."""
        if partition in self._consumer.assignment():
            self._consumer.pause(partition)
        self._unpositioned.add(partition)

    @_persistent
    def _commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self._consumer.commit(offsets, timeout_ms=CALL_MILLISECONDS)

    @_persistent
    def _committed(self, partition: TopicPartition) -> int | None:
        offset: int | None = self._consumer.committed(partition, timeout_ms=CALL_MILLISECONDS)
        return offset


def offset_error(partition: TopicPartition, *, wanted: int, begin: int, end: int) -> TerminalError:
    """Return the error of an offset to read next that is outside the offsets Kafka has."""
    if wanted < begin:
        return data_loss_error([_lost(partition, wanted, begin)])
    return TerminalError(
        f"the next offset to read is {wanted}, but the topic ends at {end}: it was deleted and created again",
        where=f"topic {partition.topic}, partition {partition.partition}",
        hint="Delete the consumer group, or set another one in PINLAKE_KAFKA_CONSUMER_GROUP.",
    )


def _lost(partition: TopicPartition, wanted: int, begin: int) -> LostOffsets:
    return LostOffsets("batch", OffsetRange(partition.topic, partition.partition, wanted, begin - 1))
