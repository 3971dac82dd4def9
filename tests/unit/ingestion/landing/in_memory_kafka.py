"""A consumer of kafka-python whose broker, topic and group are in memory."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from kafka import TopicPartition
from kafka.errors import OffsetOutOfRangeError
from kafka.structs import MemberState, OffsetAndMetadata

from ingestion.landing.consumer_group import ConsumerGroupMember

TOPIC = "pins-batch"
TIMESTAMP = 1_767_225_600_000  # 2026-01-01
Record = namedtuple("Record", "topic partition offset timestamp key headers value")


class Broker:
    """The records of a topic and the commits of a group; it outlives its consumers.

    Attributes:
        records: by partition, in the order of their offsets.
        begins: the first offset that Kafka still has.
        ends: the offset that the next record will get.
        commits: the offset that the group reads next.
    """

    def __init__(self, values: Mapping[int, Iterable[bytes]] | None = None, *, begin: int = 0) -> None:
        self.records: dict[TopicPartition, list[Record]] = {}
        self.begins: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}
        self.commits: dict[TopicPartition, int] = {}
        for number, content in (values or {}).items():
            self.add(number, content, begin=begin)

    def add(self, number: int, values: Iterable[bytes], *, begin: int = 0) -> TopicPartition:
        """Append records to a partition."""
        partition = TopicPartition(TOPIC, number)
        first = self.ends.get(partition, begin)
        added = [
            Record(TOPIC, number, offset, TIMESTAMP, None, [], value)
            for offset, value in enumerate(values, start=first)
        ]
        self.records.setdefault(partition, []).extend(added)
        self.begins.setdefault(partition, begin)
        self.ends[partition] = first + len(added)
        return partition

    def remove_before(self, partition: TopicPartition, offset: int) -> None:
        """Remove the records before an offset, as retention does."""
        self.begins[partition] = offset
        self.records[partition] = [record for record in self.records[partition] if record.offset >= offset]


class Consumer:
    """One member of the group, which owns all partitions until it loses them.

    Attributes:
        before_poll: called before every poll with its number, from 1.
        before_commit: called before every commit with the offsets.
        generation: generation of the group that this member believes in.
    """

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.before_poll: Callable[[int], None] = lambda number: None
        self.before_commit: Callable[[Mapping[TopicPartition, int]], None] = lambda offsets: None
        self.generation = 1
        self.state = MemberState.UNJOINED
        self.polls = 0
        self.closed: dict[str, Any] | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._listener: ConsumerGroupMember | None = None

    def subscribe(self, topics: list[str], *, listener: ConsumerGroupMember) -> None:
        assert topics == [TOPIC]
        self._listener = listener

    def unsubscribe(self) -> None:
        self._listener = None
        self._positions.clear()

    def topics(self) -> set[str]:
        return {TOPIC}

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return {partition.partition for partition in self.broker.ends if partition.topic == topic} or None

    def poll(self, milliseconds: int, *, max_records: int) -> dict[TopicPartition, list[Record]]:
        self.polls += 1
        self.before_poll(self.polls)
        if self.state != MemberState.STABLE:
            self.assign(self.broker.ends)
            return {}
        records: dict[TopicPartition, list[Record]] = {}
        for partition in sorted(self._positions.keys() - self._paused):
            position = self._positions[partition]
            if not self.broker.begins[partition] <= position <= self.broker.ends[partition]:
                raise OffsetOutOfRangeError({partition: position})
            batch = [record for record in self.broker.records[partition] if record.offset >= position]
            batch = batch[: max_records - sum(map(len, records.values()))]
            if batch:
                records[partition] = batch
                self._positions[partition] = batch[-1].offset + 1
            if not batch or batch[-1] is self.broker.records[partition][-1]:
                # As behind the marker of a transaction.
                self._positions[partition] = self.broker.ends[partition]
        return records

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Give partitions to this member, in a new generation."""
        assert self._listener
        self.state = MemberState.STABLE
        new = set(partitions) - self._positions.keys()
        self._positions.update(dict.fromkeys(new, 0))
        self._listener.on_partitions_assigned(new)

    def revoke(self, partition: TopicPartition) -> None:
        """Take a partition away, in order."""
        assert self._listener
        self._listener.on_partitions_revoked([partition])
        del self._positions[partition]

    def group_metadata(self) -> SimpleNamespace:
        return SimpleNamespace(state=self.state, generation_id=self.generation)

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._paused.difference_update(partitions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._positions[partition] = offset

    def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        self._positions.update({partition: self.broker.begins[partition] for partition in partitions})

    def position(self, partition: TopicPartition, *, timeout_ms: int | None = None) -> int | None:
        return self._positions[partition]

    def committed(self, partition: TopicPartition, *, timeout_ms: int) -> int | None:
        return self.broker.commits.get(partition)

    def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], *, timeout_ms: int) -> None:
        plain = {partition: commit.offset for partition, commit in offsets.items()}
        self.before_commit(plain)
        self.broker.commits.update(plain)

    def beginning_offsets(
        self, partitions: Iterable[TopicPartition], *, timeout_ms: int
    ) -> dict[TopicPartition, int]:
        return {partition: self.broker.begins[partition] for partition in partitions}

    def end_offsets(
        self, partitions: Iterable[TopicPartition], *, timeout_ms: int
    ) -> dict[TopicPartition, int]:
        return {partition: self.broker.ends[partition] for partition in partitions}

    def close(self, **options: Any) -> None:  # noqa: ANN401 - as kafka-python takes them
        self.closed = options
