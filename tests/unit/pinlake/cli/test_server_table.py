"""The table of servers: one line each, without any password."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from foundation.settings import PostgresSettings, Settings
from local_stack import stack
from pinlake.app.servers import Server, State
from pinlake.cli.server_table import as_data, print_servers

SETTINGS = Settings(
    home=Path("/srv/home"),
    postgres=PostgresSettings(user="me", password=SecretStr("secret"), database="pins"),
)
KAFKA = Server("kafka", stack.State.RUNNING, 12, Path("/srv/home/kafka.log"), "127.0.0.1:9092", seconds=0.126)
POSTGRES = Server("postgres", State.UNREACHABLE, None, None, "db:5432", error="no [answer] within 5 s")


def test_without_servers_the_next_step_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_servers([], SETTINGS.model_copy(update={"home": Path("/srv/[home]")}))

    assert capsys.readouterr().out == "No stack has been started in /srv/[home]: run `pinlake up`.\n"


def test_servers_of_others_have_no_pid_and_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    print_servers([POSTGRES], SETTINGS)

    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["server", "state", "answer", "address"]
    assert line.split() == [
        "postgres", "unreachable", "no", "[answer]", "within", "5", "s", "postgresql://me:***@db:5432/pins",
    ]  # fmt: skip


def test_servers_of_the_local_stack_have_pid_and_log(capsys: pytest.CaptureFixture[str]) -> None:
    print_servers([KAFKA, POSTGRES], SETTINGS)

    head, kafka, _ = capsys.readouterr().out.splitlines()
    assert head.split() == ["server", "state", "answer", "address", "pid", "log"]
    assert kafka.split() == ["kafka", "running", "0.13", "s", "127.0.0.1:9092", "12", "/srv/home/kafka.log"]


def test_json_data_has_null_for_what_is_unknown() -> None:
    assert as_data(KAFKA) == {
        "name": "kafka",
        "state": "running",
        "pid": 12,
        "log": "/srv/home/kafka.log",
        "address": "127.0.0.1:9092",
    }
    assert as_data(POSTGRES)["log"] is None
    assert as_data(POSTGRES)["pid"] is None
