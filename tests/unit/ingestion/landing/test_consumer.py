"""The batch consumer lands each record once, whatever interrupts it; Kafka and S3 are in memory."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.errors import CommitFailedError
from structlog.testing import capture_logs

from foundation.errors import TerminalError, TransientError
from foundation.landing_object import LandingObject
from foundation.offsets import LostOffsets, data_loss_error
from foundation.settings import ConsumerSettings
from ingestion.landing.consumer import BatchConsumer, PartitionCounts
from ingestion.landing.consumer_group import GIVE_UP_AFTER_SECONDS
from ingestion.landing.store import LandingStore
from tests.unit.in_memory_bucket import InMemoryBucket
from tests.unit.ingestion.landing.in_memory_kafka import TOPIC, Broker, Consumer

ZERO, ONE = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)
LIMITS = ConsumerSettings(max_records=3, max_bytes=1 << 20, max_seconds=60)


class CrashError(Exception):
    """The end of a process."""


class Clock:
    """A clock that stands still until a test moves it."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def _refuse(lost: LostOffsets) -> None:
    raise data_loss_error([lost])


class Process:
    """One process that runs the batch consumer."""

    def __init__(self, broker: Broker, bucket: InMemoryBucket, limits: ConsumerSettings = LIMITS) -> None:
        self.consumer = Consumer(broker)
        self.stopping = threading.Event()
        self.clock = Clock()
        self.counts: list[int] = []
        # No pauses between attempts: nothing here is worth a second one.
        landing = LandingStore(bucket.store, stopping=self.stopping)
        self.batch = BatchConsumer(
            self.consumer, landing, limits=limits, stopping=self.stopping, on_loss=_refuse, clock=self.clock
        )

    def run(self, *, follow: bool = False) -> list[PartitionCounts]:
        return self.batch.run(TOPIC, follow=follow, on_records=self.counts.append)


def _landed(bucket: InMemoryBucket) -> dict[TopicPartition, list[tuple[int, str]]]:
    """Return offsets and values by partition; an object must contain what its name says."""
    landed: dict[TopicPartition, list[tuple[int, str]]] = {}
    for key, (body, _) in bucket.objects.items():
        name = LandingObject.parse(key)
        assert name is not None
        lines = [orjson.loads(line) for line in gzip.decompress(body).splitlines()]
        assert (lines[0]["offset"], lines[-1]["offset"]) == (name.offsets.first, name.offsets.last)
        rows = landed.setdefault(TopicPartition(name.offsets.topic, name.offsets.partition), [])
        rows += [(line["offset"], line["value"]) for line in lines]
    return {partition: sorted(rows) for partition, rows in landed.items()}


def _sent(broker: Broker) -> dict[TopicPartition, list[tuple[int, str]]]:
    return {
        partition: [(record.offset, record.value.decode()) for record in records]
        for partition, records in broker.records.items()
        if records
    }


values = st.lists(st.sampled_from([b"a", b"longer value", b"x" * 900]), max_size=12)
topics = st.dictionaries(st.integers(0, 2), values, min_size=1)


@hypothesis_settings(max_examples=40)
@given(topics, st.integers(0, 50), st.integers(1, 5), st.integers(1024, 4096))
def test_every_record_is_landed_once_within_the_limits(
    content: dict[int, list[bytes]], begin: int, max_records: int, max_bytes: int
) -> None:
    broker, bucket = Broker(content, begin=begin), InMemoryBucket()
    limits = ConsumerSettings(max_records=max_records, max_bytes=max_bytes, max_seconds=60)

    process = Process(broker, bucket, limits)
    counts = process.run()

    assert _landed(bucket) == _sent(broker)
    assert broker.commits == broker.ends
    assert all(len(gzip.decompress(body).splitlines()) <= max_records for body, _ in bucket.objects.values())
    assert sum(row.records for row in counts) == sum(process.counts) == sum(map(len, content.values()))
    assert sum(row.objects for row in counts) == len(bucket.objects)
    assert sum(row.bytes for row in counts) == sum(len(body) for body, _ in bucket.objects.values())
    assert [row.partition for row in counts] == sorted(number for number, rows in content.items() if rows)


@hypothesis_settings(max_examples=40)
@given(topics, st.integers(1, 12), st.booleans())
def test_a_process_that_dies_anywhere_leaves_neither_gap_nor_duplicate(
    content: dict[int, list[bytes]], calls: int, before_the_put: bool
) -> None:
    broker, bucket = Broker(content), InMemoryBucket()
    first = Process(broker, bucket)
    remaining = calls

    def die(_offsets: Mapping[TopicPartition, int]) -> None:
        nonlocal remaining
        remaining -= 1
        if remaining == 0:
            raise CrashError

    # Ownership is asked right before each put, by a commit, and the offsets are committed right after it.
    first.consumer.before_commit = die
    with suppress(CrashError):
        first.run()
    if before_the_put:
        broker.add(0, [b"arrived meanwhile"])
    Process(broker, bucket).run()

    assert _landed(bucket) == _sent(broker)
    assert broker.commits == broker.ends


def test_an_object_whose_offsets_were_not_committed_is_not_landed_again() -> None:
    broker, bucket = Broker({0: [b"a", b"b", b"c", b"d"]}), InMemoryBucket()
    Process(broker, bucket).run()
    broker.commits.clear()
    before = dict(bucket.objects)

    with capture_logs() as logs:
        counts = Process(broker, bucket).run()

    assert counts == [PartitionCounts(TOPIC, 0, already_landed=2)]
    assert bucket.objects == before
    assert broker.commits == {ZERO: 4}
    assert [line["last"] for line in logs] == [2, 3]


def test_objects_of_an_earlier_topic_of_the_same_name_stop_the_run() -> None:
    broker, bucket = Broker({0: [b"a"]}), InMemoryBucket()
    Process(broker, bucket).run()

    with pytest.raises(TerminalError, match="deleted and created again"):
        Process(Broker({0: [b"another"]}), bucket).run()


def test_nothing_new_puts_nothing() -> None:
    broker, bucket = Broker({0: [b"a"], 1: []}), InMemoryBucket()
    Process(broker, bucket).run()
    before = dict(bucket.objects)

    assert Process(broker, bucket).run() == []
    assert bucket.objects == before


def test_the_commit_reaches_the_end_of_a_topic_behind_its_last_record() -> None:
    broker, bucket = Broker({0: [b"a", b"b"]}), InMemoryBucket()
    broker.ends[ZERO] += 1  # the marker of a transaction

    Process(broker, bucket).run()

    assert broker.commits == {ZERO: 3}
    assert _landed(bucket) == _sent(broker)


def test_a_topic_that_never_stops_growing_does_not_keep_the_run_from_ending() -> None:
    broker, bucket = Broker({0: [b"a", b"b"]}), InMemoryBucket()
    process = Process(broker, bucket)

    def grow(_number: int) -> None:
        broker.add(0, [b"new"])

    process.consumer.before_poll = grow
    process.run()

    rows = _landed(bucket)[ZERO]
    assert rows == _sent(broker)[ZERO][: len(rows)]
    assert broker.commits == {ZERO: len(rows)}
    assert process.consumer.polls == 2


def test_a_follower_closes_an_object_when_its_time_is_up() -> None:
    broker, bucket = Broker({0: [b"a"], 1: []}), InMemoryBucket()
    process = Process(broker, bucket)
    objects: list[int] = []

    def tick(number: int) -> None:
        objects.append(len(bucket.objects))
        process.clock.seconds += {6: LIMITS.max_seconds - 1, 8: 1}.get(number, 0)
        if number == 10:
            process.stopping.set()

    process.consumer.before_poll = tick
    process.run(follow=True)

    # The clock stands before the seventh poll one second before the limit, and at the limit before the ninth.
    assert objects[6:] == [0, 0, 1, 1]
    assert broker.commits == {ZERO: 1}


def test_the_largest_buffer_is_closed_first_if_all_are_too_large_together() -> None:
    broker, bucket = Broker({0: [b"x" * 400] * 2, 1: [b"x" * 600] * 2}), InMemoryBucket()
    process = Process(broker, bucket, ConsumerSettings(max_records=100, max_bytes=2000, max_seconds=60))
    process.consumer.before_poll = lambda number: process.stopping.set() if number == 4 else None

    process.run(follow=True)

    assert list(_landed(bucket)) == [ONE]


def test_a_stop_leaves_what_is_not_put_to_the_next_run() -> None:
    broker, bucket = Broker({0: [b"a", b"b"]}), InMemoryBucket()
    process = Process(broker, bucket)
    process.consumer.before_poll = lambda number: process.stopping.set() if number == 3 else None

    process.run(follow=True)
    assert bucket.objects == {}
    assert broker.commits == {}

    Process(broker, bucket).run()
    assert _landed(bucket) == _sent(broker)


def test_records_of_a_partition_that_another_member_owns_now_are_dropped() -> None:
    broker, bucket = Broker({0: [b"a"], 1: [b"b"]}), InMemoryBucket()
    process = Process(broker, bucket)

    def rebalance(number: int) -> None:
        if number == 4:
            process.consumer.revoke(ZERO)
        if number == 6:
            process.stopping.set()
        process.clock.seconds += LIMITS.max_seconds if number == 5 else 0

    process.consumer.before_poll = rebalance
    process.run(follow=True)

    assert list(_landed(bucket)) == [ONE]
    assert broker.commits == {ONE: 1}


def test_a_member_of_an_old_generation_puts_nothing_and_reads_again() -> None:
    broker, bucket = Broker({0: [b"a", b"b"]}), InMemoryBucket()
    process = Process(broker, bucket)
    process.consumer.before_poll = lambda number: setattr(process.consumer, "generation", min(number, 4))

    counts = process.run()

    assert _landed(bucket) == _sent(broker)
    assert [row.objects for row in counts] == [1]


@pytest.mark.parametrize("refused", range(1, 7))
def test_a_commit_that_the_group_refuses_is_followed_by_the_object_that_landed(refused: int) -> None:
    broker, bucket = Broker({0: [b"a", b"b", b"c", b"d"]}), InMemoryBucket()
    process = Process(broker, bucket)
    commits = 0

    def refuse(_offsets: Mapping[TopicPartition, int]) -> None:
        nonlocal commits
        commits += 1
        if commits == refused:
            raise CommitFailedError

    process.consumer.before_commit = refuse
    process.run()

    assert _landed(bucket) == _sent(broker)
    assert broker.commits == broker.ends


def test_a_broker_that_is_silent_for_a_minute_is_an_error() -> None:
    broker, bucket = Broker({0: [b"a"]}), InMemoryBucket()
    broker.commits = {ZERO: 0}
    process = Process(broker, bucket)
    broker.records[ZERO] = []
    monotonic: list[float] = []

    def tick(number: int) -> None:
        process.consumer._paused.add(ZERO)
        process.clock.seconds += 10
        monotonic.append(process.clock.seconds)

    process.consumer.before_poll = tick
    with pytest.raises(TransientError, match=r"sent nothing for 60 seconds .*\(topic pins-batch\)"):
        process.run()
    assert monotonic[-1] - 1000 > GIVE_UP_AFTER_SECONDS >= monotonic[-2] - 1000


def test_a_missing_topic_is_named() -> None:
    with pytest.raises(
        TerminalError, match=r"does not exist \(topic pins-batch\).*PINLAKE_KAFKA_BATCH_TOPIC"
    ):
        Process(Broker(), InMemoryBucket()).run()


@pytest.mark.parametrize(
    ("commit", "begin", "error"),
    [
        (0, 2, r"Kafka removed 2 offsets before they were read.*offsets 0 to 1"),
        (9, 0, "the next offset to read is 9, but the topic ends at 4"),
    ],
)
def test_offsets_that_kafka_does_not_have_stop_the_run(commit: int, begin: int, error: str) -> None:
    broker, bucket = Broker({0: [b"a", b"b", b"c", b"d"]}), InMemoryBucket()
    broker.commits = {ZERO: commit}
    broker.remove_before(ZERO, begin)

    with pytest.raises(TerminalError, match=error):
        Process(broker, bucket).run()
    assert bucket.objects == {}


def test_offsets_that_kafka_removes_during_the_run_stop_it_too() -> None:
    broker, bucket = Broker({0: [b"a", b"b", b"c", b"d"]}), InMemoryBucket()
    process = Process(broker, bucket)

    def remove(number: int) -> None:
        if number == 2:
            broker.remove_before(ZERO, 3)

    process.consumer.before_poll = remove
    with pytest.raises(TerminalError, match=r"Kafka removed 3 offsets.*offsets 0 to 2"):
        process.run()


def test_counts_of_a_run_are_by_partition() -> None:
    broker = Broker({1: [b"b"] * 4, 0: [b"a"]})
    counts = Process(broker, InMemoryBucket()).run()

    assert [(row.topic, row.partition, row.records, row.objects) for row in counts] == [
        (TOPIC, 0, 1, 1),
        (TOPIC, 1, 4, 2),
    ]
    assert all(row.uncompressed_bytes > 0 < row.bytes for row in counts)
