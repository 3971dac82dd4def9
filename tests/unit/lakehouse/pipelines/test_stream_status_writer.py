"""The writer of the stream's status: changes are written at once, everything else rarely."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from foundation.errors import TransientError
from foundation.object_store import ObjectStore
from foundation.settings import S3Settings
from lakehouse.delta.locks.owner import LockOwner
from lakehouse.pipelines import stream_status
from lakehouse.pipelines.stream_status import StreamStatus
from lakehouse.pipelines.stream_status_writer import Intervals, StreamStatusWriter, write_skipped_run
from tests import commands
from tests.unit.in_memory_bucket import InMemoryBucket

OWNER = LockOwner.this_process("pinlake stream")
# Within a test only a change of state is written.
RARE = Intervals(heartbeat=600.0, between_writes=600.0)


class Bucket:
    """Keeps what is written; can be unreachable or slow."""

    def __init__(self) -> None:
        self.written: list[StreamStatus] = []
        self.is_unreachable = False
        self.tries = 0
        self.free = threading.Event()
        self.free.set()

    def put(self, body: str) -> None:
        self.tries += 1
        self.free.wait(30)
        if self.is_unreachable:
            raise TransientError("the object store does not answer", where="there", hint="start it")
        self.written.append(StreamStatus.from_json(body))

    @property
    def states(self) -> list[str]:
        return [status.state for status in self.written]


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def test_each_change_of_state_is_written_at_once(bucket: Bucket) -> None:
    with _writer(bucket, RARE) as lane:
        _until(lambda: bucket.states == ["running"])
        lane.mark_waiting("serving", "Postgres does not answer")
        _until(lambda: bucket.states == ["running", "waiting"])
        lane.mark_running("serving")
        _until(lambda: len(bucket.written) == 3)
        lane.mark_waiting("serving", "Kafka does not answer")
        _until(lambda: len(bucket.written) == 4)
        lane.mark_written("serving")
        _until(lambda: len(bucket.written) == 5)

    assert bucket.states == ["running", "waiting", "running", "waiting", "running", "ended"]
    assert [status.reason for status in bucket.written[1::2]] == [
        "serving: Postgres does not answer",
        "serving: Kafka does not answer",
        None,
    ]
    assert bucket.written[-1].wrote_at is not None
    assert {status.owner for status in bucket.written} == {OWNER}


def test_a_change_of_either_query_is_written_at_once(bucket: Bucket) -> None:
    with _writer(bucket, RARE) as lane:
        _until(lambda: bucket.states == ["running"])
        for query in ("serving", "tables"):
            lane.mark_running(query)
            _until(lambda: query in bucket.written[-1].queries)  # noqa: B023 - called within the loop
        lane.mark_waiting("serving", "Postgres does not answer")
        _until(lambda: bucket.states[-1] == "waiting")
        lane.mark_waiting("tables", "the object store does not answer")
        _until(lambda: bucket.written[-1].queries["tables"].state == "waiting")
        lane.mark_running("serving")
        _until(lambda: bucket.written[-1].queries["serving"].state == "running")

        assert bucket.written[-1].reason == "tables: the object store does not answer"


def test_many_micro_batches_cause_few_writes_and_the_last_one_is_written(bucket: Bucket) -> None:
    with _writer(bucket, replace(RARE, between_writes=0.2)) as lane:
        lane.mark_running("serving")
        _until(lambda: bool(bucket.written and bucket.written[-1].queries))
        before = len(bucket.written)
        for _ in range(1000):
            lane.mark_written("serving")
        _until(lambda: bucket.written[-1].wrote_at is not None)
        assert len(bucket.written) == before + 1


def test_an_idle_lane_writes_heartbeats(bucket: Bucket) -> None:
    with _writer(bucket, replace(RARE, heartbeat=0.02)):
        _until(lambda: len(bucket.written) >= 5)

    assert set(bucket.states[:-1]) == {"running"}


def test_an_unreachable_store_is_logged_once_and_tried_again(bucket: Bucket) -> None:
    bucket.is_unreachable = True
    with capture_logs() as logs, _writer(bucket, replace(RARE, between_writes=0.02)) as lane:
        lane.mark_waiting("serving", "the object store does not answer")
        _until(lambda: bucket.tries >= 3)
        assert bucket.written == []
        bucket.is_unreachable = False
        _until(lambda: bucket.states == ["waiting"])

    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("the stream's status could not be written, trying again", "warning")
    ]


def test_the_lane_neither_waits_for_a_slow_store_nor_needs_it_to_end(bucket: Bucket) -> None:
    bucket.free.clear()
    began = time.monotonic()
    with _writer(bucket, Intervals(final_write=0.1)) as lane:
        _until(lambda: bucket.tries == 1)
        for _ in range(1000):
            lane.mark_written("serving")
        lane.mark_waiting("serving", "the object store does not answer")

    assert bucket.written == []
    assert time.monotonic() - began < 10
    bucket.free.set()
    _until(lambda: bucket.states == ["running", "ended"])


def test_a_lane_that_failed_reports_why(bucket: Bucket) -> None:
    with pytest.raises(TransientError), _writer(bucket, RARE):
        raise TransientError("Kafka is away", where="there", hint="start it")

    last = bucket.written[-1]
    assert (last.state, last.is_well) == ("ended", False)
    assert last.reason == "Kafka is away (there). start it"


def test_a_lane_can_run_again(bucket: Bucket) -> None:
    lane = _writer(bucket, RARE)
    for _ in range(2):
        with lane:
            _until(lambda: bucket.states[-1:] == ["running"])

    assert bucket.states == ["running", "ended"] * 2


def test_a_lane_without_work_has_run_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = InMemoryBucket()
    monkeypatch.setattr(ObjectStore, "open", lambda *_: memory.store)

    write_skipped_run(S3Settings(), command="pinlake stream")

    status = stream_status.read(memory.store)
    assert status is not None
    assert (status.state, status.is_well, status.wrote_at) == ("ended", True, None)
    assert status.owner.command == "pinlake stream"


def _writer(bucket: Bucket, intervals: Intervals) -> StreamStatusWriter:
    return StreamStatusWriter(bucket.put, owner=OWNER, intervals=intervals)


def _until(reached: Callable[[], bool]) -> None:
    commands.until(reached, seconds=20)
