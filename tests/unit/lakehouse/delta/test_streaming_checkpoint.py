"""The checkpoint of a streaming query: what each micro-batch reads, in Spark's and Delta's own formats."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.landing_object import LandingObject
from foundation.offsets import OffsetRange
from lakehouse.delta.checkpoint_folder import HadoopFolder
from lakehouse.delta.commit_info import Versions
from lakehouse.delta.streaming_checkpoint import Checkpoint, read_stream_position
from tests.unit.in_memory_bucket import InMemoryBucket
from tests.unit.lakehouse.in_memory_files import InMemoryFiles

URL = "s3a://pinlake/checkpoints/stream"


class Query:
    """A query that writes its checkpoint as Spark does."""

    def __init__(self) -> None:
        self.files = InMemoryFiles()
        self.checkpoint = Checkpoint(HadoopFolder(self.files.session, URL))

    def start(self, number: int, end: object) -> None:
        """Write down where a micro-batch ends, before it is run."""
        self.put(f"offsets/{number}", f"v1\n{{}}\n{json.dumps(end)}")

    def commit(self, number: int) -> None:
        self.put(f"commits/{number}", "v1\n{}")
        self.put(f"commits/.{number}.crc", "")

    def put(self, name: str, text: str) -> None:
        self.files.content[f"{URL}/{name}"] = text.encode()


@pytest.fixture
def query() -> Query:
    return Query()


def test_a_query_without_a_checkpoint_has_no_position(query: Query) -> None:
    assert query.checkpoint.last_committed_batch() == -1
    assert query.checkpoint.last_started_batch() == -1
    assert query.checkpoint.position() == {}
    assert query.checkpoint.next_table_version() is None


def test_a_started_micro_batch_does_not_move_the_position(query: Query) -> None:
    query.put("sources/0/0", '\x00v1\n{"t":{"0":3,"1":0}}')
    query.start(0, {"t": {"0": 5, "1": 2}})

    assert query.checkpoint.position() == {"t": {"0": 3, "1": 0}}
    assert (query.checkpoint.last_started_batch(), query.checkpoint.last_committed_batch()) == (0, -1)

    query.commit(0)
    assert query.checkpoint.position() == {"t": {"0": 5, "1": 2}}


def test_a_micro_batch_that_has_not_ended_leaves_the_position_unsettled(query: Query) -> None:
    assert query.checkpoint.settled_end() is None

    query.start(0, {"t": {"0": 5}})
    assert query.checkpoint.settled_end() is None

    query.commit(0)
    assert query.checkpoint.settled_end() == query.checkpoint.end_of_last_batch() == {"t": {"0": 5}}

    query.start(1, {"t": {"0": 9}})
    assert query.checkpoint.settled_end() is None
    assert query.checkpoint.end_of_last_batch() == {"t": {"0": 5}}


def test_numbers_are_compared_as_numbers(query: Query) -> None:
    for number in (9, 10):
        query.start(number, {"t": {"0": number}})
        query.commit(number)

    assert query.checkpoint.last_committed_batch() == 10


def test_a_micro_batch_reads_kafka_from_the_end_of_the_one_before(query: Query) -> None:
    query.put("sources/0/0", '\x00v1\n{"t":{"0":3,"1":0}}')
    query.start(0, {"t": {"0": 5, "1": 0}})
    query.start(1, {"t": {"0": 5, "1": 4, "2": 1}})

    assert query.checkpoint.batch_input(0) == ((OffsetRange("t", 0, 3, 4),), None)
    # A partition that was added later is read from its beginning.
    added = (OffsetRange("t", 1, 0, 3), OffsetRange("t", 2, 0, 0))
    assert query.checkpoint.batch_input(1) == (added, None)


@given(
    ends=st.lists(
        st.dictionaries(st.sampled_from("012"), st.integers(0, 40), min_size=1), min_size=1, max_size=6
    )
)
def test_micro_batches_read_every_offset_once(ends: list[dict[str, int]]) -> None:
    query, position = Query(), dict.fromkeys("012", 0)
    query.put("sources/0/0", f"v1\n{json.dumps({'t': position})}")
    for number, steps in enumerate(ends):
        position = {name: offset + steps.get(name, 0) for name, offset in position.items()}
        query.start(number, {"t": position})

    ranges = [part for number in range(len(ends)) for part in query.checkpoint.batch_input(number)[0]]

    read = [(part.partition, offset) for part in ranges for offset in range(part.first, part.last + 1)]
    expected = [(int(name), offset) for name, end in position.items() for offset in range(end)]
    assert sorted(read) == expected


def test_a_table_is_read_by_whole_versions_or_parts_of_them(query: Query) -> None:
    # -1 stands for the start of a version: the one before it was the last to be read.
    query.start(0, {"reservoirVersion": 4, "index": -1})
    query.start(1, {"reservoirVersion": 6, "index": 2})
    query.start(2, {"reservoirVersion": 9, "index": -1})
    query.commit(1)

    assert query.checkpoint.batch_input(0) == ((), Versions(0, 3))
    assert query.checkpoint.batch_input(1) == ((), Versions(4, 6))
    assert query.checkpoint.batch_input(2) == ((), Versions(7, 8))
    assert query.checkpoint.next_table_version() == 6


def test_a_micro_batch_reads_the_landing_objects_of_its_log_entries(query: Query) -> None:
    for number, end in enumerate((0, 2)):
        query.start(number, {"logOffset": end})
    query.put("sources/0/0", _entry(0, first=0))
    # Spark merges entries now and then; the older ones are repeated in the merged one.
    query.put("sources/0/1.compact", f"{_entry(0, first=0)}\n{_line(1, first=10)}")
    query.put("sources/0/2", f"{_entry(2, first=20)}\n{_line(2, first=30, name='README')}")

    assert query.checkpoint.batch_input(0) == ((OffsetRange("t", 0, 0, 9),), None)
    assert query.checkpoint.batch_input(1) == (
        (OffsetRange("t", 0, 10, 19), OffsetRange("t", 0, 20, 29)),
        None,
    )


def test_the_streams_position_is_read_without_spark() -> None:
    s3 = InMemoryBucket()
    assert read_stream_position(s3.store, topic="t") == {}

    for number in (9, 10):
        end = json.dumps({"t": {"0": number, "1": 2}, "other": {"0": 1}})
        _put(s3, f"commits/{number}", "v1\n{}")
        _put(s3, f"offsets/{number}", f"v1\n{{}}\n{end}")
    _put(s3, "offsets/11", "a micro-batch that has only been started")

    assert read_stream_position(s3.store, topic="t") == {0: 10, 1: 2}
    assert read_stream_position(s3.store, topic="of another name") == {}


def _entry(number: int, *, first: int) -> str:
    return f"v1\n{_line(number, first=first)}"


def _line(number: int, *, first: int, name: str | None = None) -> str:
    key = name or LandingObject("2026-03-01", OffsetRange("t", 0, first, first + 9)).key
    return json.dumps({"path": f"s3a://pinlake/{key}", "timestamp": 1, "batchId": number})


def _put(s3: InMemoryBucket, name: str, text: str) -> None:
    s3.client.put_object(Bucket="pinlake", Key=f"checkpoints/stream/{name}", Body=text.encode())
