"""`pinlake up` and `pinlake down`: the servers that run, and those that were stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack import stack
from pinlake.app import servers
from pinlake.app.servers import Server
from tests.unit.pinlake.cli.command_line import run

KAFKA = Server("kafka", stack.State.RUNNING, 12, Path("/srv/kafka.log"), "127.0.0.1:9092")


@pytest.fixture
def _started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "up", lambda _: None)
    monkeypatch.setattr(stack, "dsn", lambda _: "postgresql://me:secret@here/pins")
    monkeypatch.setattr(servers, "of_stack", lambda _: [KAFKA])


@pytest.mark.usefixtures("_started")
def test_up_prints_the_servers_and_what_to_do_next() -> None:
    outcome = run("up")

    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert lines == [
        "server state answer address pid log",
        "kafka running 127.0.0.1:9092 12 /srv/kafka.log",
        "pinlake demo sample pins through both lanes",
        "pinlake status state of the servers, lag of Kafka's readers",
        "pinlake down stop the servers; their data stays",
    ]
    assert "secret" not in outcome.err


@pytest.mark.usefixtures("_started")
def test_json_has_the_address_of_postgres_with_its_password() -> None:
    server = {
        "name": "kafka", "state": "running", "pid": 12, "log": "/srv/kafka.log", "address": "127.0.0.1:9092",
    }  # fmt: skip

    assert run("up", "--json").documents == [
        {"servers": [server], "postgres_dsn": "postgresql://me:secret@here/pins"}
    ]


@pytest.mark.parametrize(
    ("stopped", "message"),
    [(["kafka", "s3"], "stopped kafka, s3\n"), ([], "no server was running\n")],
    ids=["some", "none"],
)
def test_down_names_what_it_stopped(
    stopped: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "down", lambda _: stopped)

    outcome = run("down")

    assert (outcome.code, outcome.out, outcome.err) == (0, "", message)
