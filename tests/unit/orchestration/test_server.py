"""Airflow next to the local stack: its environment, its health and its errors, without Airflow."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from foundation.errors import ConfigurationError, TerminalError
from foundation.settings import AirflowSettings, Settings
from local_stack import addresses, process, stack
from local_stack.addresses import Addresses
from local_stack.postgres import Postgres
from local_stack.process import Child
from orchestration import server
from orchestration.configuration import Configuration

ALL_HEALTHY = {name: {"status": "healthy"} for name in server.COMPONENTS}
ADDRESSES = Addresses(
    kafka_port=1,
    s3_port=2,
    s3_access_key="key",
    s3_secret_key=SecretStr("s"),
    s3_bucket="pins",
    postgres_port=25_432,
    postgres_user="who",
    postgres_password=SecretStr("p/w"),
)


@dataclass
class Machine:
    """The programs and processes that Airflow needs.

    Attributes:
        running: the processes that run, by name.
        databases: the databases that exist.
        migrations: the environments in which the database was created or upgraded.
        exit_code: of the migration.
        health: what the API server answers; None if it does not.
    """

    running: dict[str, list[str]] = field(default_factory=dict)
    environments: list[dict[str, str]] = field(default_factory=list)
    databases: set[str] = field(default_factory=set)
    migrations: list[dict[str, str]] = field(default_factory=list)
    exit_code: int = 0
    health: Any = field(default_factory=lambda: ALL_HEALTHY)

    def find(self, child: Child) -> SimpleNamespace | None:
        return SimpleNamespace(pid=1) if child.name in self.running else None

    def start(self, child: Child, command: list[str], *, environment: dict[str, str]) -> None:
        self.running[child.name] = command
        self.environments.append(environment)

    def stop(self, child: Child, *, seconds: float) -> bool:
        return self.running.pop(child.name, None) is not None

    def answers(self, postgres: Postgres) -> bool:
        self.databases.add(postgres.settings.postgres.database)
        return True

    def run(self, command: list[str], *, env: dict[str, str], **options: Any) -> SimpleNamespace:  # noqa: ANN401 - files
        assert command[1:] == ["db", "migrate"]
        self.migrations.append(env)
        return SimpleNamespace(returncode=self.exit_code)

    def get(self, url: str, *, timeout: float) -> httpx.Response:
        if self.health is None:
            raise httpx.ConnectError("refused")
        request = httpx.Request("GET", url)
        if isinstance(self.health, httpx.Response):
            self.health.request = request
            return self.health
        return httpx.Response(200, json=self.health, request=request)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    program = tmp_path / "airflow"
    program.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(server, "airflow", lambda: program)
    monkeypatch.setattr(stack, "up", lambda settings: ADDRESSES)
    monkeypatch.setattr(addresses, "is_free", lambda port: True)
    monkeypatch.setattr(Postgres, "answers", lambda postgres: machine.answers(postgres))
    monkeypatch.setattr(subprocess, "run", machine.run)
    monkeypatch.setattr(httpx, "get", machine.get)
    for name in ("find", "start", "stop"):
        monkeypatch.setattr(process, name, getattr(machine, name))
    (tmp_path / "home" / "logs").mkdir(parents=True)
    return machine


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None, home=tmp_path / "home", airflow=AirflowSettings(port=18_080, retry_seconds=2)
    )


def test_airflow_starts_with_its_own_database_and_a_new_password(
    machine: Machine, settings: Settings
) -> None:
    password = server.up(settings)

    home = settings.home / "airflow"
    assert password
    assert password in Configuration.of(settings).passwords.read_text()
    assert machine.databases == {"airflow"}
    text = (home / "airflow.cfg").read_text()
    assert "postgresql+psycopg2://who:p%%2Fw@127.0.0.1:25432/airflow" in text
    assert machine.running["airflow"][1:] == ["-m", "orchestration.supervisor", str(home)]
    assert machine.migrations == machine.environments


def test_airflow_that_runs_is_left_alone(machine: Machine, settings: Settings) -> None:
    server.up(settings)

    assert server.up(settings) is None
    assert len(machine.environments) == len(machine.migrations) == 1


def test_without_airflow_nothing_is_started(machine: Machine, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "airflow").unlink()

    with pytest.raises(ConfigurationError, match=r"Airflow is not installed .*--group airflow"):
        server.up(settings)
    assert machine.databases == set()


def test_a_taken_port_is_named_with_its_setting(
    machine: Machine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "is_free", lambda port: port != 18_080)

    with pytest.raises(ConfigurationError, match=r"port 18080 of Airflow is taken .*PINLAKE_AIRFLOW_PORT"):
        server.up(settings)
    assert (machine.running, machine.migrations) == ({}, [])


def test_a_database_that_cannot_be_upgraded_is_named_with_the_log(
    machine: Machine, settings: Settings
) -> None:
    machine.exit_code = 1

    with pytest.raises(TerminalError, match=r"cannot be created or upgraded \(.*logs/airflow\.log\)"):
        server.up(settings)
    assert machine.running == {}


def test_tasks_get_the_settings_of_the_caller_and_of_its_dotenv_file(
    machine: Machine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "PINLAKE_S3_BUCKET=file\nPINLAKE_S3_REGION=file\nOTHER=file\nPINLAKE_EMPTY\n"
    )
    monkeypatch.setenv("PINLAKE_S3_REGION", "environment")
    monkeypatch.setenv("PINLAKE_HOME", "elsewhere")
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.delenv("OTHER", raising=False)

    server.up(settings)

    (environment,) = machine.environments
    assert (environment["PINLAKE_S3_BUCKET"], environment["PINLAKE_S3_REGION"]) == ("file", "environment")
    assert not {"OTHER", "PINLAKE_EMPTY"} & environment.keys()
    assert environment["PINLAKE_HOME"] == str(settings.home)
    assert environment["PINLAKE_AIRFLOW_RETRY_SECONDS"] == "2.0"
    assert environment["AIRFLOW_HOME"] == str(settings.home / "airflow")
    assert environment["PATH"].endswith(f"{os.pathsep}/bin")


def test_stopping_says_whether_airflow_ran(machine: Machine, settings: Settings) -> None:
    server.up(settings)

    assert server.down(settings) is True
    assert server.down(settings) is False


def test_the_health_is_that_of_each_component(machine: Machine, settings: Settings) -> None:
    machine.health = {
        **ALL_HEALTHY,
        "scheduler": {"status": "unhealthy"},
        "triggerer": {"status": None},
        "x": {},
    }

    assert server.health(settings) == {
        "metadatabase": "healthy",
        "scheduler": "unhealthy",
        "triggerer": "None",
        "dag_processor": "healthy",
    }


@pytest.mark.parametrize(
    "answer",
    [
        None,
        httpx.Response(503),
        httpx.Response(200, text="<html>another program</html>"),
        {},
        [],
        {**ALL_HEALTHY, "scheduler": "fine"},
        {name: {} for name in server.COMPONENTS},
    ],
    ids=["nothing", "503", "html", "no components", "list", "text", "no status"],
)
def test_an_answer_that_is_not_airflows_is_none(answer: object, machine: Machine, settings: Settings) -> None:
    machine.health = answer

    assert server.health(settings) == {}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({}, False),
        ({"scheduler": "healthy"}, True),
        ({"scheduler": "healthy", "triggerer": "unhealthy"}, False),
        ({"scheduler": "None"}, False),
    ],
)
def test_all_components_must_be_healthy(states: dict[str, str], expected: bool) -> None:
    assert server.all_healthy(states) is expected
