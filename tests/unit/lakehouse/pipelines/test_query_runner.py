"""One query of the stream lane: it waits for its servers, and gives up after the time allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from foundation.errors import TerminalError, TransientError
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines import query_runner
from lakehouse.pipelines.micro_batches import MicroBatches
from lakehouse.pipelines.query_runner import QueryRunner
from lakehouse.pipelines.stream_status_writer import StreamStatusWriter

AWAY = TransientError("Postgres is away", where="there", hint="Start it.")


class Query:
    """A query whose runs end as the test says.

    Attributes:
        runs: how its next runs end: with an error, or with what it writes; it ends in order after the last.
        marks: what the lane's status was asked to show.
        closed: how often it was closed.
    """

    name = "serving"
    trigger_seconds = 2.5

    def __init__(self, stop: threading.Event, *runs: Exception | int) -> None:
        self.runs = list(runs)
        self.marks: list[tuple[str, ...]] = []
        self.closed = 0
        self.cannot_open: Exception | None = None
        self.takes = 0.0
        self._stop = stop

    def open(self, on_written: Callable[[], None]) -> MicroBatches:
        if self.cannot_open:
            raise self.cannot_open
        return cast("MicroBatches", _Run(self, on_written))

    def close(self) -> None:
        self.closed += 1

    def end(self) -> None:
        self._stop.set()

    @property
    def status(self) -> StreamStatusWriter:
        """The lane's status."""
        marks = {
            f"mark_{name}": lambda *values, name=name: self.marks.append((name, *values))
            for name in ("running", "written", "waiting")
        }
        return cast("StreamStatusWriter", SimpleNamespace(**marks))


class _Run:
    def __init__(self, query: Query, on_written: Callable[[], None]) -> None:
        self._query = query
        self._on_written = on_written
        self.counts = StepMetrics()

    def drain(self) -> StepMetrics:
        return self.follow(trigger_seconds=2.5)

    def follow(self, *, trigger_seconds: float, stop: threading.Event | None = None) -> StepMetrics:
        assert trigger_seconds == 2.5
        clock.append(self._query.takes)
        ending = self._query.runs.pop(0)
        if not self._query.runs:
            self._query.end()
        if isinstance(ending, Exception):
            raise ending
        self._on_written()
        self.counts += StepMetrics(batches=1, read=ending)
        if stop is not None and not stop.is_set():
            raise AWAY
        return self.counts


clock: list[float] = []


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass only when the query runs or waits for servers; return the waits."""
    waits: list[float] = []
    clock.clear()
    monkeypatch.setattr(query_runner, "sleep_using_event", lambda stop: waits.append)
    now = SimpleNamespace(monotonic=lambda: sum(waits) + sum(clock))
    monkeypatch.setattr(query_runner, "time", now)
    return waits


def _run(query: Query, *, timeout_seconds: float = 30.0) -> QueryRunner:
    return QueryRunner(query, status=query.status, timeout_seconds=timeout_seconds)


def test_a_drain_does_not_wait(waits: list[float]) -> None:
    query = Query(threading.Event(), AWAY)

    with pytest.raises(TransientError, match="Postgres is away"):
        _run(query).drain()

    assert (waits, query.marks, query.closed) == ([], [], 1)


def test_a_query_waits_for_its_servers_says_so_and_loses_no_count(waits: list[float]) -> None:
    stop = threading.Event()
    query = Query(stop, AWAY, 3, AWAY, 4)

    counts = _run(query).follow(stop=stop)

    assert (counts.batches, counts.read) == (2, 7)
    assert len(waits) == 3
    assert all(0 <= wait <= 10 for wait in waits)
    assert query.marks[:4] == [
        ("running", "serving"),
        ("waiting", "serving", str(AWAY)),
        ("running", "serving"),
        ("written", "serving"),
    ]
    assert query.closed == 1


def test_a_server_that_stays_away_ends_the_query_after_the_time_allowed(waits: list[float]) -> None:
    query = Query(threading.Event())
    query.cannot_open = AWAY

    with pytest.raises(TransientError, match="Postgres is away"):
        _run(query).follow(stop=threading.Event())

    assert 30 < sum(waits) <= 40


def test_a_query_that_fails_again_and_again_does_not_go_on_for_ever(waits: list[float]) -> None:
    query = Query(threading.Event(), *[AWAY] * 1000)
    query.takes = 5.0

    with pytest.raises(TransientError, match="Postgres is away"):
        _run(query).follow(stop=threading.Event())

    assert len(query.runs) > 900


def test_a_query_that_was_idle_for_long_still_waits_for_a_server(waits: list[float]) -> None:
    stop = threading.Event()
    query = Query(stop, AWAY, AWAY, AWAY, 3)
    query.takes = 10_000.0

    assert _run(query).follow(stop=stop).read == 3


def test_a_query_that_is_stopped_while_it_waits_returns_what_it_has_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    query = Query(threading.Event(), 3, AWAY)
    monkeypatch.setattr(query_runner, "sleep_using_event", lambda event: lambda seconds: stop.set())

    assert _run(query).follow(stop=stop).read == 3


class _JavaException:
    _target_id = "o1"
    _gateway_client = None

    def __str__(self) -> str:
        """Return what toString() returns."""
        return "java.net.ConnectException: refused\n\tat sun.nio"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Py4JJavaError("failed", _JavaException()), "java.net.ConnectException: refused"),
        (PySparkException("the table is away\n"), "the table is away"),
    ],
)
def test_a_server_that_java_does_not_reach_is_waited_for(
    error: Exception, cause: str, waits: list[float]
) -> None:
    query = Query(threading.Event())
    query.cannot_open = error

    with pytest.raises(TransientError) as raised:
        _run(query).follow(stop=threading.Event())

    assert raised.value.what == f"Spark could not start: {cause}"
    assert sum(waits) > 30


def test_an_error_that_waiting_does_not_help_ends_the_query_at_once(waits: list[float]) -> None:
    query = Query(threading.Event(), TerminalError("a suite is invalid", where="there", hint="Fix it."))

    with pytest.raises(TerminalError, match="a suite is invalid"):
        _run(query).follow(stop=threading.Event())

    assert (waits, query.closed) == ([], 1)


def test_every_query_has_what_the_runner_calls() -> None:
    query: Any = Query(threading.Event())

    assert {"name", "trigger_seconds", "open", "close"} <= set(dir(query))
