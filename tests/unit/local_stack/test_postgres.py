"""PostgreSQL: its cluster, its command and its database, without a server."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil
import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg2 import errors, sql
from pydantic import SecretStr

from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.settings import PostgresSettings, Settings
from local_stack import postgres
from local_stack.addresses import Addresses
from local_stack.postgres import Postgres

ROOT, USER = 0, 1000


def _addresses(user: str = "who", password: str = "secret") -> Addresses:
    return Addresses(
        kafka_port=1,
        s3_port=2,
        s3_access_key="key",
        s3_secret_key=SecretStr("s"),
        s3_bucket="pins",
        postgres_port=25_432,
        postgres_user=user,
        postgres_password=SecretStr(password),
    )


def _server(home: Path, **fields: str) -> Postgres:
    settings = Settings(_env_file=None, home=home, postgres=PostgresSettings(database="pins"))
    return Postgres(settings, _addresses(**fields))


@dataclass
class Machine:
    """The programs, users and processes that creating a cluster needs.

    Attributes:
        output: standard error of a failing initdb; None if it succeeds.
        passwords: the passwords that initdb was given.
        commands: the commands that were run.
        owners: owner and group of folders that were given away.
    """

    output: str | None = None
    passwords: list[str] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    owners: dict[str, tuple[int, int]] = field(default_factory=dict)

    def run(self, command: list[str], **options: Any) -> SimpleNamespace:  # noqa: ANN401 - as subprocess takes them
        self.commands.append(command)
        words = dict(word.removeprefix("--").partition("=")[::2] for word in command if word.startswith("--"))
        self.passwords.append(Path(words["pwfile"]).read_text())
        if self.output is not None:
            return SimpleNamespace(returncode=1, stderr=self.output)
        control = Path(words["pgdata"], "global", "pg_control")
        control.parent.mkdir()
        control.touch()
        return SimpleNamespace(returncode=0, stderr="")

    def chown(self, path: Path, user: int, group: int) -> None:
        self.owners[path.name] = (user, group)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(subprocess, "run", machine.run)
    monkeypatch.setattr(os, "chown", machine.chown)
    monkeypatch.setattr(os, "geteuid", lambda: USER)
    monkeypatch.setattr(psutil, "process_iter", lambda: iter(()))
    return machine


def _folder_names(home: Path) -> set[str]:
    return {path.name for path in home.iterdir()}


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_user_and_password_of_the_dsn_come_back_whatever_they_contain(user: str, password: str) -> None:
    parts = urlsplit(_server(Path("home"), user=user, password=password).dsn)

    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (user, password)
    assert (parts.scheme, parts.hostname, parts.port, parts.path) == (
        "postgresql",
        "127.0.0.1",
        25_432,
        "/pins",
    )


def test_the_cluster_is_created_once_with_the_generated_password(machine: Machine, tmp_path: Path) -> None:
    server = _server(tmp_path)

    server.prepare()
    (tmp_path / "postgres" / "table").write_text("rows")
    server.prepare()

    assert machine.passwords == ["secret"]
    assert "--username=who" in machine.commands[0]
    assert (tmp_path / "postgres" / "table").read_text() == "rows"
    assert _folder_names(tmp_path) == {"postgres"}
    assert machine.owners == {}


def test_a_pid_file_of_a_dead_server_is_removed(machine: Machine, tmp_path: Path) -> None:
    server = _server(tmp_path)
    server.prepare()
    (tmp_path / "postgres" / "postmaster.pid").write_text("1")

    server.prepare()
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


@pytest.mark.usefixtures("machine")
def test_the_command_identifies_the_process_and_listens_on_loopback(tmp_path: Path) -> None:
    server = _server(tmp_path)

    command = server.prepare()

    assert Path(command[0]).name == "postgres"
    assert command[1:3] == ["-D", str(tmp_path / "postgres")]
    assert server.child.own_argument in command
    options = {command[at + 1] for at, word in enumerate(command) if word == "-c"}
    assert {"listen_addresses=127.0.0.1", "port=25432", "log_min_error_statement=panic"} <= options
    assert "secret" not in " ".join(command)


@pytest.mark.parametrize(
    ("output", "reason"),
    [("creating directory\ninitdb: error: no space\n", "initdb: error: no space"), ("", "no output")],
)
def test_a_cluster_that_cannot_be_created_is_named_and_leaves_no_password(
    output: str, reason: str, machine: Machine, tmp_path: Path
) -> None:
    machine.output = output

    with pytest.raises(TerminalError) as raised:
        _server(tmp_path).prepare()
    assert raised.value.what == f"the data folder of Postgres cannot be created: {reason}"
    assert raised.value.where.startswith(str(tmp_path))
    assert _folder_names(tmp_path) == {"postgres.new"}


def test_root_runs_it_as_an_unprivileged_user_who_owns_the_data(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: ROOT)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    account = pwd.getpwnam("nobody")

    command = _server(tmp_path).prepare()

    for words in (command, machine.commands[0]):
        assert words[:3] == ["/usr/bin/setpriv", "--reuid=nobody", f"--regid={account.pw_gid}"]
        assert Path(words[words.index("--") + 1]).name in ("postgres", "initdb")
    assert machine.owners == {"postgres.new": (account.pw_uid, account.pw_gid)}


def test_root_without_setpriv_is_an_error(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: ROOT)
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(ConfigurationError, match=r"cannot run as root, and setpriv is missing .*util-linux"):
        _server(tmp_path).prepare()
    assert machine.commands == []


@pytest.mark.parametrize("origin", [None, "/nowhere/__init__.py"])
def test_missing_binaries_are_named(origin: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SimpleNamespace(origin=origin) if origin else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)

    with pytest.raises(ConfigurationError, match=r"PostgreSQL 18's initdb is missing .*initdb\).*uv sync"):
        postgres._binary("initdb")


@dataclass
class BackEnd:
    """A process of another server, as psutil shows it."""

    pid: int
    program: str
    folder: Path | None
    ends: bool = True

    def name(self) -> str:
        return self.program

    def cwd(self) -> str:
        if self.folder is None:
            raise psutil.AccessDenied(self.pid)
        return str(self.folder)


def _wait(processes: list[BackEnd], *, timeout: float) -> tuple[list[BackEnd], list[BackEnd]]:
    return [process for process in processes if process.ends], [
        process for process in processes if not process.ends
    ]


@pytest.mark.usefixtures("machine")
def test_only_back_ends_of_this_data_folder_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "postgres"
    strangers = [
        BackEnd(10, "postgres", tmp_path / "other", ends=False),
        BackEnd(11, "psql", data, ends=False),
        BackEnd(12, "postgres", None, ends=False),
    ]
    monkeypatch.setattr(psutil, "process_iter", lambda: iter([*strangers, BackEnd(13, "postgres", data)]))
    monkeypatch.setattr(psutil, "wait_procs", _wait)

    _server(tmp_path).prepare()

    stubborn = BackEnd(14, "postgres", data, ends=False)
    monkeypatch.setattr(psutil, "process_iter", lambda: iter([*strangers, stubborn]))
    with pytest.raises(TransientError, match=r"an earlier Postgres still run: \[14\]"):
        _server(tmp_path).prepare()


@dataclass
class Session:
    """A connection, which is its own cursor.

    Attributes:
        databases: the databases of the server.
        rival: whether another process creates the database between the question and the creation.
        error: raised by the first statement.
    """

    databases: set[str] = field(default_factory=set)
    rival: type[Exception] | None = None
    error: Exception | None = None
    is_open: bool = True
    autocommit: bool = False
    found: bool = False

    def cursor(self) -> AbstractContextManager[Session]:
        return nullcontext(self)

    def execute(self, statement: str | sql.Composed, values: tuple[str, ...] = ()) -> None:
        if self.error:
            raise self.error
        if isinstance(statement, str):
            self.found = values[0] in self.databases
            return
        assert self.autocommit  # CREATE DATABASE cannot run in a transaction
        if self.rival:
            raise self.rival
        _, name = statement.seq
        assert isinstance(name, sql.Identifier)
        self.databases.add(name.string)

    def fetchone(self) -> tuple[int] | None:
        return (1,) if self.found else None

    def close(self) -> None:
        self.is_open = False


def _answers(session: Session | str, monkeypatch: pytest.MonkeyPatch) -> bool:
    def connect(**options: Any) -> Session:  # noqa: ANN401 - as psycopg2 takes them
        assert (options["host"], options["port"], options["dbname"]) == ("127.0.0.1", 25_432, "postgres")
        if isinstance(session, str):
            raise psycopg2.OperationalError(session)
        return session

    monkeypatch.setattr(psycopg2, "connect", connect)
    return _server(Path("/home")).answers()


@pytest.mark.parametrize("databases", [set(), {"pins"}, {"other"}])
def test_a_server_that_answers_has_the_database(databases: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(set(databases))

    assert _answers(session, monkeypatch) is True
    assert session.databases == {*databases, "pins"}
    assert not session.is_open


@pytest.mark.parametrize("rival", [errors.DuplicateDatabase, errors.UniqueViolation])
def test_a_database_that_another_process_creates_at_the_same_time_is_fine(
    rival: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _answers(Session(rival=rival), monkeypatch) is True


@pytest.mark.parametrize(
    "session", ["connection refused", Session(error=psycopg2.OperationalError("closed"))]
)
def test_a_server_that_is_starting_does_not_answer_yet(
    session: Session | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _answers(session, monkeypatch) is False
    assert isinstance(session, str) or not session.is_open


def test_data_of_another_password_is_named_with_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ConfigurationError, match=r"created with another password \(/home/postgres\).*stack\.env"
    ):
        _answers('FATAL:  password authentication failed for user "who"', monkeypatch)
