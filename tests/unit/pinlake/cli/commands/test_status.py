"""`pinlake status`: all that is known about servers and lanes, and exit code 1 if something is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse.delta.locks.owner import LockOwner
from lakehouse.observability.schema_drift.report import Drift
from lakehouse.pipelines import stream_status
from lakehouse.pipelines.stream_status import StreamStatus
from lakehouse.quality.stream_audit_status import StreamAuditStatus, TableAuditStatus
from local_stack import stack
from pinlake.app import status
from pinlake.app.servers import Server, State
from pinlake.app.status import Lag, Report, StoredStatus
from tests.unit.pinlake.cli.command_line import run

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
OWNER = LockOwner("pinlake stream", "host", "host-id", 12, 0.0, NOON.isoformat())
RUNNING = stream_status.initial_status(OWNER, NOON).as_written("tables", NOON)
WAITING = RUNNING.as_waiting("serving", "Kafka [b-1] does not answer", NOON)
KAFKA = Server("kafka", State.REACHABLE, None, None, "kafka:9092", seconds=0.5)
POSTGRES = Server("postgres", stack.State.RUNNING, 7, Path("/srv/pg.log"), "127.0.0.1:5432", seconds=0.01)
AUDIT = StreamAuditStatus(
    "2026-01-31T11:59:00+00:00",
    "run",
    tables={
        "silver.pins_stream": TableAuditStatus(4, warning=("few",)),
        "gold.pin_features_stream": TableAuditStatus(3),
    },
)
WELL = Report(
    [KAFKA, POSTGRES],
    [Lag("consume", "pins", 0, None, 12, None), Lag("stream", "pins_stream", 1, 10, 12, 2)],
    None,
    StoredStatus(RUNNING, AUDIT, [Drift("batch", NOON.isoformat(), NOON.isoformat(), 7)]),
)


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> list[Report]:
    """The reports that are gathered, one per call."""
    reports: list[Report] = []
    monkeypatch.setattr(status, "gather", lambda _: reports.pop())
    monkeypatch.setattr(stack, "dsn", lambda _: "postgresql://me:secret@here/pins")
    return reports


def test_a_lakehouse_that_is_well_is_printed_with_code_0(report: list[Report]) -> None:
    report.append(WELL)

    outcome = run("status")

    assert outcome.code == 0
    assert [" ".join(line.split()) for line in outcome.out.splitlines()] == [
        "server state answer address pid log",
        "kafka reachable 0.50 s kafka:9092",
        "postgres running 0.01 s postgresql://pinlake:***@127.0.0.1:5432/pinterest_streaming 7 /srv/pg.log",
        "Kafka",
        "reader topic partition committed end lag",
        "consume pins 0 - 12 -",
        "stream pins_stream 1 10 12 2",
        "Stream lane: running since 2026-01-31T12:00:00+00:00, last wrote 2026-01-31T12:00:00+00:00",
        "tables: running since 2026-01-31T12:00:00+00:00, last wrote 2026-01-31T12:00:00+00:00",
        "Quality of the stream lane, audited 2026-01-31T11:59:00+00:00",
        "silver.pins_stream version 4: few",
        "gold.pin_features_stream version 3: every rule holds",
        "batch lane, 7 records since 2026-01-31T12:00",
        "every field is as silver expects it",
    ]
    assert "secret" not in outcome.out


def test_what_is_wrong_is_printed_as_it_is_with_code_1(report: list[Report]) -> None:
    audit = replace(AUDIT, error="no table [/x]", tables={})
    report.append(Report([KAFKA], [], "no answer [within] 5 s", StoredStatus(WAITING, audit)))

    outcome = run("status")

    assert outcome.code == 1
    for line in (
        "lag unknown: no answer [within] 5 s",
        "Stream lane: waiting since 2026-01-31T12:00:00+00:00, last wrote 2026-01-31T12:00:00+00:00: "
        "serving: Kafka [b-1] does not answer",
        "  tables: running since 2026-01-31T12:00:00+00:00, last wrote 2026-01-31T12:00:00+00:00",
        "  serving: waiting since 2026-01-31T12:00:00+00:00",
        "not audited: no table [/x]",
    ):
        assert line in outcome.out.splitlines()


def test_json_has_null_for_what_is_unknown(report: list[Report]) -> None:
    report.append(Report([KAFKA], [], None, StoredStatus()))

    outcome = run("status", "--json")

    server = {
        "name": "kafka", "state": "reachable", "pid": None, "log": None, "address": "kafka:9092",
        "seconds": 0.5, "error": None,
    }  # fmt: skip
    assert (outcome.code, outcome.documents) == (
        0,
        [
            {
                "servers": [server], "postgres_dsn": None, "lag": [], "lag_error": None, "stream": None,
                "quality": None, "drift": [],
            }
        ],
    )  # fmt: skip


def test_json_has_all_that_is_stored(report: list[Report]) -> None:
    report.append(WELL)

    (document,) = run("status", "--json").documents

    assert document["postgres_dsn"] == "postgresql://me:secret@here/pins"
    assert document["lag"][0] == {
        "reader": "consume", "topic": "pins", "partition": 0, "committed": None, "end": 12, "lag": None,
    }  # fmt: skip
    assert document["stream"]["pid"] == 12
    assert document["quality"]["tables"]["silver.pins_stream"]["warning"] == ["few"]
    assert [drift["critical"] for drift in document["drift"]] == [False]


def test_without_servers_there_is_nothing_that_is_well(report: list[Report]) -> None:
    report.append(Report([], [], None, StoredStatus()))

    outcome = run("status")

    assert outcome.code == 1
    assert "No stack has been started in" in outcome.out


@pytest.mark.parametrize(
    ("state", "code", "line"),
    [
        (None, 1, "Stream lane: has never run with bucket pinlake"),
        (RUNNING, 0, "Stream lane: running since 2026-01-31T12:00:00+00:00, last wrote"),
        (WAITING, 1, "Stream lane: waiting since"),
        (RUNNING.as_ended(None, NOON), 1, "Stream lane: ended since"),
    ],
    ids=["never", "running", "waiting", "ended"],
)
def test_a_health_check_fails_unless_the_stream_runs(
    state: StreamStatus | None, code: int, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_status, "read", lambda *_: state)

    outcome = run("status", "--stream")

    assert outcome.code == code
    assert outcome.out.startswith(line)
    as_json = run("status", "--stream", "--json")
    assert as_json.code == code
    assert as_json.documents == [{"stream": state and state.as_data()}]
