"""`pinlake status` of servers in the settings, from a PINLAKE_HOME that has never started a server."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from foundation.settings import Settings
from lakehouse.serving.postgres import ServingDatabase
from local_stack import addresses
from pinlake.app import servers, status
from pinlake.app.servers import NAMES, State
from tests import events
from tests.status_command import run_status

PIN = "0190163d-8694-739b-aea5-{:012x}"


@pytest.fixture
def elsewhere(own: Settings, tmp_path: Path) -> Settings:
    """Settings of the stack's servers, topics, bucket and database, for a user who did not start them."""
    ServingDatabase(own.postgres).ensure()
    return own.model_copy(update={"home": tmp_path / "empty"})


def test_servers_are_reachable_and_lag_is_shown_by_reader(elsewhere: Settings, tmp_path: Path) -> None:
    _send(elsewhere, 5)

    code, report = run_status(elsewhere, tmp_path)

    assert code == 0
    assert {server["name"]: server["state"] for server in report["servers"]} == dict.fromkeys(
        NAMES, "reachable"
    )
    assert [(server["pid"], server["log"], server["error"]) for server in report["servers"]] == [
        (None, None, None)
    ] * 3
    assert _lag(report, "consume") == 5
    assert {row["reader"] for row in report["lag"]} == {"consume", "stream", "serving"}
    assert report["stream"] is None
    assert _password(elsewhere) not in str(report)
    assert not elsewhere.home.exists()


@pytest.mark.parametrize("away", NAMES)
def test_one_server_that_is_away_is_named_and_the_others_are_asked(away: str, elsewhere: Settings) -> None:
    _send(elsewhere, 1)

    report = status.gather(_without(elsewhere, away))

    assert [server.name for server in report.servers if not server.is_well] == [away]
    assert not report.is_well
    assert bool(report.lag) is (away != "kafka") is (report.lag_error is None)


def test_a_server_that_is_away_makes_the_command_fail(elsewhere: Settings, tmp_path: Path) -> None:
    without = _without(elsewhere, "postgres")

    code, report = run_status(without, tmp_path)

    assert code == 1
    (postgres,) = (server for server in report["servers"] if server["state"] == "unreachable")
    assert postgres["name"] == "postgres"
    assert postgres["address"] == f"127.0.0.1:{without.postgres.port}"
    assert "Connection refused" in postgres["error"]


def test_what_is_missing_on_a_server_is_named(stack: Settings, elsewhere: Settings) -> None:
    bare = elsewhere.model_copy(
        update={
            "kafka": stack.kafka.model_copy(update={"batch_topic": "no-such", "stream_topic": "none-either"}),
            "s3": stack.s3.model_copy(update={"bucket": "no-such"}),
            "postgres": stack.postgres.model_copy(update={"database": "no-such"}),
        }
    )

    states = servers.configured(bare)

    assert [(server.state, server.error) for server in states] == [
        (State.UNUSABLE, "missing topics: no-such, none-either"),
        (State.UNUSABLE, "missing bucket: no-such"),
        (State.UNUSABLE, "missing database: no-such"),
    ]


def test_servers_that_take_connections_and_never_answer_cost_seconds(elsewhere: Settings) -> None:
    with ExitStack() as listening:
        sockets = [listening.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in NAMES]
        kafka, s3, postgres = (each.getsockname()[1] for each in sockets)
        began = time.monotonic()
        report = status.gather(_at(elsewhere, kafka=kafka, s3=s3, postgres=postgres))
        seconds = time.monotonic() - began

    assert {server.state for server in report.servers} == {State.UNREACHABLE}
    # One after another, the checks would take twice as long.
    assert seconds < servers.ANSWER_SECONDS + 1


def _send(settings: Settings, count: int) -> None:
    events.send(settings.kafka, [events.pin(PIN.format(number), number) for number in range(count)])


def _lag(report: dict[str, Any], reader: str) -> int:
    return sum(row["lag"] for row in report["lag"] if row["reader"] == reader)


def _password(settings: Settings) -> str:
    assert settings.postgres.password is not None
    return settings.postgres.password.get_secret_value()


def _without(settings: Settings, name: str) -> Settings:
    """Return settings with a port on which no server listens."""
    (port,) = addresses.free_ports(1)
    return _at(settings, **{name: port})


def _at(
    settings: Settings, *, kafka: int | None = None, s3: int | None = None, postgres: int | None = None
) -> Settings:
    """Return settings with other ports for some servers."""
    changed = {
        "kafka": settings.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{kafka}"}),
        "s3": settings.s3.model_copy(update={"endpoint": f"http://127.0.0.1:{s3}"}),
        "postgres": settings.postgres.model_copy(update={"port": postgres}),
    }
    ports = {"kafka": kafka, "s3": s3, "postgres": postgres}
    return settings.model_copy(update={name: changed[name] for name, port in ports.items() if port})
