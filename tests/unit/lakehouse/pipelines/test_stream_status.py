"""The status of the stream lane as readers on its own and on other hosts see it."""

from __future__ import annotations

import json
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
    first = STARTED.as_written("serving", START).as_waiting("serving", "Postgres does not answer", LATER)
    second = first.as_waiting("serving", "Postgres is starting", LATER + timedelta(seconds=9))

    assert (first.state, first.since, first.is_well) == ("waiting", LATER.isoformat(), False)
    assert (second.since, second.reason) == (first.since, "serving: Postgres is starting")
    assert second.wrote_at == START.isoformat()


def test_a_lane_that_resumes_is_well_again_and_keeps_the_time_of_its_last_write() -> None:
    waiting = STARTED.as_written("serving", START).as_waiting("serving", "Kafka is away", START)

    answered, written = waiting.as_running("serving", LATER), waiting.as_written("serving", LATER)

    assert (answered.state, answered.since, answered.reason) == ("running", LATER.isoformat(), None)
    assert answered.is_running
    assert (answered.wrote_at, written.wrote_at) == (START.isoformat(), LATER.isoformat())
    assert written.as_written("serving", LATER + timedelta(hours=1)).since == LATER.isoformat()


def test_each_query_says_whether_it_runs_and_the_lane_waits_while_one_waits() -> None:
    both = STARTED.as_running("tables", START).as_written("serving", START)
    one = both.as_waiting("serving", "Postgres is away", LATER).as_written("tables", LATER)

    assert (one.state, one.reason) == ("waiting", "serving: Postgres is away")
    assert (one.is_query_running("serving"), one.is_query_running("tables")) == (False, True)
    assert one.queries["serving"].wrote_at == START.isoformat()
    assert (one.wrote_at, one.queries["tables"].since) == (LATER.isoformat(), START.isoformat())
    assert _read(one, age=1.0) == replace(one, age=1.0)

    neither = one.as_waiting("tables", "S3 is away", LATER)
    assert neither.reason == "serving: Postgres is away; tables: S3 is away"
    assert one.as_running("serving", LATER).is_running


def test_a_status_of_an_older_version_has_no_queries() -> None:
    document = json.loads(STARTED.as_json())
    del document["queries"]

    assert StreamStatus.from_json(json.dumps(document)) == STARTED


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
    read = _read(replace(STARTED, owner=ELSEWHERE).as_waiting("serving", "Kafka is away", START), age=75.0)

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
    data = STARTED.as_written("serving", LATER).as_data()

    assert data == {
        "state": "running",
        "since": START.isoformat(),
        "pid": HERE.pid,
        "wrote_at": LATER.isoformat(),
        "reason": None,
        "host": HERE.host,
        "command": "pinlake stream",
        "age_seconds": 0.0,
        "queries": {
            "serving": {
                "state": "running",
                "since": LATER.isoformat(),
                "wrote_at": LATER.isoformat(),
                "reason": None,
            }
        },
    }


def _read(status: StreamStatus, *, age: float) -> StreamStatus:
    """Return the status that a reader gets from an object of that age."""
    return StreamStatus.from_json(status.as_json()).observed_after(age)
