"""The status of the stream lane as readers on its own and on other hosts see it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from lakehouse.delta.locks.owner import EXPIRY_SECONDS, LockOwner
from lakehouse.pipelines import stream_status
from lakehouse.pipelines.stream_status import StreamStatus

START = datetime(2026, 1, 30, 12, tzinfo=UTC)
LATER = START + timedelta(minutes=5)
HERE = LockOwner.this_process("pinlake stream")
ELSEWHERE = replace(HERE, host_id="elsewhere", host="other.example", pid=2**22 + 1)
STARTED = stream_status.initial_status(HERE, START)


def test_a_waiting_lane_reports_since_when_and_for_what() -> None:
    first = STARTED.as_written(START).as_waiting("Postgres does not answer", LATER)
    second = first.as_waiting("Postgres is starting", LATER + timedelta(seconds=9))

    assert (first.state, first.since, first.is_well) == ("waiting", LATER.isoformat(), False)
    assert (second.since, second.reason) == (first.since, "Postgres is starting")
    assert second.wrote_at == START.isoformat()


def test_a_lane_that_resumes_is_well_again_and_keeps_the_time_of_its_last_write() -> None:
    waiting = STARTED.as_written(START).as_waiting("Kafka is away", START)

    answered, written = waiting.as_running(LATER), waiting.as_written(LATER)

    assert (answered.state, answered.since, answered.reason) == ("running", LATER.isoformat(), None)
    assert answered.is_running
    assert (answered.wrote_at, written.wrote_at) == (START.isoformat(), LATER.isoformat())
    assert written.as_written(LATER + timedelta(hours=1)).since == LATER.isoformat()


@pytest.mark.parametrize(("reason", "is_well"), [(None, True), ("Kafka is away", False)])
def test_an_ended_lane_never_counts_as_died_or_running(reason: str | None, is_well: bool) -> None:
    ended = replace(STARTED, owner=ELSEWHERE).as_ended(reason, LATER)

    read = _read(ended, age=1e6)

    assert (read.state, read.reason, read.is_well) == ("ended", reason, is_well)
    assert not read.is_running


@pytest.mark.parametrize("owner", [HERE, ELSEWHERE], ids=["here", "elsewhere"])
@pytest.mark.parametrize(
    ("age", "state"), [(0.0, "running"), (EXPIRY_SECONDS, "running"), (EXPIRY_SECONDS + 1, "died")]
)
def test_a_lane_without_a_heartbeat_has_died(owner: LockOwner, age: float, state: str) -> None:
    read = _read(replace(STARTED, owner=owner), age=age)

    assert (read.state, read.age) == (state, age)
    assert read.is_well is read.is_running is (state == "running")


def test_a_waiting_lane_that_died_is_reported_with_its_host() -> None:
    read = _read(replace(STARTED, owner=ELSEWHERE).as_waiting("Kafka is away", START), age=75.0)

    assert read.state == "died"
    assert read.reason is not None
    assert read.reason.startswith("no sign of life for 75 s: `pinlake stream` (pid 4194305 on other.example")


def test_a_lane_whose_process_on_this_host_is_gone_has_died_at_once() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = psutil.Process(child.pid).create_time()
        status = replace(STARTED, owner=replace(HERE, pid=child.pid, started=started))
        assert _read(status, age=1.0).state == "running"
        child.kill()

    read = _read(status, age=1.0)

    assert read.state == "died"
    assert read.reason is not None
    assert f"its process is gone: `pinlake stream` (pid {child.pid} on {HERE.host}" in read.reason


def test_the_json_output_names_the_process_and_not_its_host_id() -> None:
    data = STARTED.as_written(LATER).as_data()

    assert data == {
        "state": "running",
        "since": START.isoformat(),
        "pid": HERE.pid,
        "wrote_at": LATER.isoformat(),
        "reason": None,
        "host": HERE.host,
        "command": "pinlake stream",
        "age_seconds": 0.0,
    }


def _read(status: StreamStatus, *, age: float) -> StreamStatus:
    """Return the status that a reader gets from an object of that age."""
    return StreamStatus.from_json(status.as_json()).observed_after(age)
