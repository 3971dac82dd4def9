"""The stream lane: two queries, of which one may wait while the other goes on, and which end together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

import pytest

from foundation.errors import TerminalError, TransientError
from lakehouse.delta.locks.owner import LockOwner
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines import query_runner
from lakehouse.pipelines.micro_batches import MicroBatches
from lakehouse.pipelines.stream import StreamLane
from lakehouse.pipelines.stream_status import StreamStatus
from lakehouse.pipelines.stream_status_writer import Intervals, StreamStatusWriter
from lakehouse.quality.stream_audit import StreamAuditor

AWAY = TransientError("a server is away", where="there", hint="Start it.")
INVALID = TerminalError("a suite is invalid", where="expectations", hint="Fix it.")


class World:
    """Both queries, the audit and the status, in memory.

    Attributes:
        log: what happened, in order.
        states: the states of the lane that were written into the bucket.
    """

    def __init__(self) -> None:
        self.log: list[str] = []
        self.states: list[StreamStatus] = []
        self.serving, self.tables = Query(self, "serving", 5), Query(self, "tables", 7)

    def lane(self, *, timeout_seconds: float = 600.0) -> StreamLane:
        status = StreamStatusWriter(
            self._put, owner=LockOwner.this_process("pinlake stream"), intervals=Intervals(600.0, 600.0)
        )
        return StreamLane(
            self.serving,
            self.tables,
            auditor=cast("StreamAuditor", self),
            status=status,
            timeout_seconds=timeout_seconds,
        )

    def query(self, name: str) -> Query:
        return {"serving": self.serving, "tables": self.tables}[name]

    def audit_once(self) -> None:
        self.log.append("audit")

    def __enter__(self) -> World:
        """Begin to audit."""
        return self

    def __exit__(self, *_: object) -> None:
        """Audit a last time."""
        self.audit_once()

    def _put(self, text: str) -> None:
        self.states.append(StreamStatus.from_json(text))


class Query:
    """A query that reads a number of records, as long as its server answers.

    Attributes:
        error: what its next runs end with, if its server does not answer.
        ran: set after each time it has written.
        ended: whether it was stopped in order.
    """

    def __init__(self, world: World, name: str, read: int) -> None:
        self.name = name
        self.trigger_seconds = 1.0
        self.error: Exception | None = None
        self.ran = threading.Event()
        self.ended = False
        self.counts = StepMetrics()
        self._world = world
        self._read = read

    def open(self, on_written: Callable[[], None]) -> MicroBatches:
        self._on_written = on_written
        self.counts = StepMetrics()
        return cast("MicroBatches", self)

    def close(self) -> None:
        self._world.log.append(f"close {self.name}")

    def drain(self) -> StepMetrics:
        if self.error:
            raise self.error
        self._world.log.append(self.name)
        self.counts += StepMetrics(batches=1, read=self._read)
        self._on_written()
        self.ran.set()
        return self.counts

    def follow(self, *, trigger_seconds: float, stop: threading.Event) -> StepMetrics:
        self.drain()
        while not stop.wait(0.001):
            if self.error:
                raise self.error
        self.ended = True
        return self.counts


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    # A query waits for a server, but not for long.
    monkeypatch.setattr(query_runner, "wait_random_exponential", lambda **_: lambda state: 0.001)
    return World()


def test_a_drain_serves_before_it_writes_the_tables_and_audits_at_the_end(world: World) -> None:
    counts = world.lane().drain()

    assert world.log == ["serving", "close serving", "tables", "close tables", "audit"]
    assert counts.read == 7
    assert world.states[-1].state == "ended"
    assert set(world.states[-1].queries) == {"serving", "tables"}


def test_a_drain_without_postgres_writes_the_tables_and_fails(world: World) -> None:
    world.serving.error = AWAY

    with pytest.raises(TransientError, match="a server is away"):
        world.lane().drain()

    assert world.log[-3:] == ["tables", "close tables", "audit"]
    assert world.states[-1].reason == str(AWAY)


def test_a_drain_without_the_object_store_has_served_before_it_fails(world: World) -> None:
    world.tables.error = AWAY

    with pytest.raises(TransientError, match="a server is away"):
        world.lane().drain()

    assert "serving" in world.log


def test_a_drain_that_waiting_does_not_help_stops_at_once(world: World) -> None:
    world.serving.error = INVALID

    with pytest.raises(TerminalError, match="a suite is invalid"):
        world.lane().drain()

    assert "tables" not in world.log


def test_both_queries_follow_until_the_lane_is_stopped(world: World) -> None:
    stop = threading.Event()

    counts = _follow(world, stop, until=lambda: world.serving.ran.wait(20) and world.tables.ran.wait(20))

    assert counts.read == 7
    assert world.serving.ended
    assert world.tables.ended
    assert world.log[-1] == "audit"
    assert world.states[-1].state == "ended"


@pytest.mark.parametrize(("away", "other"), [("serving", "tables"), ("tables", "serving")])
def test_a_server_that_is_away_stops_only_the_query_that_needs_it(
    away: str, other: str, world: World
) -> None:
    stop = threading.Event()
    waiting, going = world.query(away), world.query(other)
    waiting.error = AWAY

    def observe() -> None:
        going.ran.wait(20)
        _until(lambda: any(status.state == "waiting" for status in world.states))
        status = next(status for status in world.states if status.state == "waiting")
        assert status.reason == f"{away}: {AWAY}"
        waiting.error = None
        waiting.ran.wait(20)

    _follow(world, stop, until=observe)

    assert world.log.count(other) == 1  # it was not started again
    assert world.log.count(away) == 1


@pytest.mark.parametrize(("name", "other"), [("serving", "tables"), ("tables", "serving")])
def test_a_query_that_fails_ends_the_other_in_order(name: str, other: str, world: World) -> None:
    failing, going = world.query(name), world.query(other)

    def fail() -> None:
        going.ran.wait(20)
        failing.error = INVALID

    threading.Thread(target=fail).start()

    with pytest.raises(TerminalError, match="a suite is invalid"):
        world.lane().follow(stop=threading.Event())

    assert going.ended
    assert world.states[-1].reason == str(INVALID)


def test_a_query_that_gives_up_ends_the_lane(world: World) -> None:
    world.serving.error = AWAY

    with pytest.raises(TransientError, match="a server is away"):
        world.lane(timeout_seconds=0.05).follow(stop=threading.Event())

    assert world.tables.ended


def test_an_error_that_waiting_does_not_help_is_the_one_that_is_reported(world: World) -> None:
    world.serving.error, world.tables.error = AWAY, INVALID

    with pytest.raises(TerminalError, match="a suite is invalid"):
        world.lane(timeout_seconds=0.0).follow(stop=threading.Event())


def _follow(world: World, stop: threading.Event, *, until: Callable[[], object]) -> StepMetrics:
    failures: list[BaseException] = []

    def end() -> None:
        try:
            until()
        except BaseException as error:
            failures.append(error)
        stop.set()

    threading.Thread(target=end, daemon=True).start()
    counts = world.lane().follow(stop=stop)
    assert failures == []
    return counts


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("the condition has not come true")
