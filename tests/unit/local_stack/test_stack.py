"""The stack as a whole: which servers it starts, stops and reports; their processes are in memory."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import filelock
import psutil
import pytest

from foundation.errors import ConfigurationError, TransientError
from foundation.settings import Settings, StackSettings, stack_file
from local_stack import addresses, process, stack
from local_stack.process import Child
from local_stack.stack import ServerStatus, State

NAMES = ["kafka", "s3", "postgres"]


@dataclass
class Machine:
    """The processes that run.

    Attributes:
        pids: by the name of the child.
        recorded: names of the children whose pid files were written again.
        silent: names of the servers that do not answer.
    """

    pids: dict[str, int] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)
    recorded: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    def find(self, child: Child) -> SimpleNamespace | None:
        pid = self.pids.get(child.name)
        return SimpleNamespace(pid=pid) if pid else None

    def start(self, child: Child, command: list[str]) -> SimpleNamespace:
        assert child.name not in self.pids
        self.commands[child.name] = command
        self.pids[child.name] = 100 + NAMES.index(child.name)
        return SimpleNamespace(pid=self.pids[child.name])

    def record(self, child: Child, running: SimpleNamespace) -> None:
        self.recorded.append(child.name)

    def stop(self, child: Child, *, seconds: float) -> bool:
        return self.pids.pop(child.name, None) is not None


@dataclass(frozen=True)
class Server:
    """A server of the stack that needs no data folder."""

    name: str
    port: int
    home: Path
    machine: Machine

    @property
    def child(self) -> Child:
        return Child(self.name, f"argument-{self.name}", self.home / "run", self.home / f"{self.name}.log")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> list[str]:
        return ["serve", self.name]

    def answers(self) -> bool:
        return self.name not in self.machine.silent


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    for name in ("find", "start", "record", "stop"):
        monkeypatch.setattr(process, name, getattr(machine, name))

    def servers(settings: Settings, allocated: addresses.Addresses) -> list[Server]:
        ports = (allocated.kafka_port, allocated.s3_port, allocated.postgres_port)
        return [Server(name, port, settings.home, machine) for name, port in zip(NAMES, ports, strict=True)]

    monkeypatch.setattr(stack, "_servers", servers)
    return machine


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, home=tmp_path / "home", stack=StackSettings(start_seconds=0.01))


def test_all_servers_are_started_and_their_addresses_kept(machine: Machine, settings: Settings) -> None:
    allocated = stack.up(settings)

    assert allocated == addresses.read(settings.home)
    assert machine.commands == {name: ["serve", name] for name in NAMES}
    assert machine.recorded == []


def test_a_server_that_runs_is_not_started_again_and_gets_its_pid_file_back(
    machine: Machine, settings: Settings
) -> None:
    machine.pids = {"s3": 7}

    stack.up(settings)

    assert sorted(machine.commands) == ["kafka", "postgres"]
    assert machine.recorded == ["s3"]
    assert machine.pids["s3"] == 7


def test_a_server_that_does_not_answer_in_time_is_an_error(machine: Machine, settings: Settings) -> None:
    machine.silent = {"postgres"}

    with pytest.raises(TransientError, match=r"postgres runs but did not answer"):
        stack.up(settings)


def test_a_taken_port_is_named_with_the_process_and_the_setting(machine: Machine, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        taken = settings.model_copy(update={"stack": StackSettings(s3_port=port, start_seconds=0.01)})
        with pytest.raises(ConfigurationError) as raised:
            stack.up(taken)

    assert raised.value.what.startswith(f"port {port} of s3 is taken by ")
    assert raised.value.what.endswith(f"(pid {os.getpid()})")
    assert raised.value.where == str(stack_file(settings.home))
    assert "PINLAKE_STACK_S3_PORT" in raised.value.hint
    assert "s3" not in machine.commands


def test_a_process_that_may_not_be_seen_is_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(kind: str) -> list[object]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    assert stack._listener(25_000) == "another process"

    monkeypatch.setattr(psutil, "net_connections", lambda kind: [])
    assert stack._listener(25_000) == "another process"


def test_a_stack_stops_even_if_its_addresses_are_lost(machine: Machine, settings: Settings) -> None:
    settings.home.mkdir()
    machine.pids = {"postgres": 3, "kafka": 1}

    assert stack.down(settings) == ["kafka", "postgres"]
    assert machine.pids == {}
    assert stack.down(settings) == []


def test_a_home_that_does_not_exist_is_not_created_to_stop_it(machine: Machine, settings: Settings) -> None:
    assert stack.down(settings) == []
    assert not settings.home.exists()


def test_a_stack_that_was_never_started_has_no_servers(machine: Machine, settings: Settings) -> None:
    assert stack.status(settings) == []
    assert stack.dsn(settings) is None


def test_the_status_tells_running_silent_and_stopped_servers_apart(
    machine: Machine, settings: Settings
) -> None:
    allocated = addresses.allocate(settings)
    machine.pids, machine.silent = {"kafka": 1, "s3": 2}, {"s3", "postgres"}

    report = stack.status(settings)

    assert [(server.name, server.state, server.pid) for server in report] == [
        ("kafka", State.RUNNING, 1),
        ("s3", State.UNRESPONSIVE, 2),
        ("postgres", State.STOPPED, None),
    ]
    kafka = ServerStatus(
        "kafka", State.RUNNING, 1, settings.home / "kafka.log", f"127.0.0.1:{allocated.kafka_port}"
    )
    assert report[0] == stack.server_status(settings, "kafka") == kafka


def test_the_dsn_is_that_of_the_stored_addresses(machine: Machine, settings: Settings) -> None:
    allocated = addresses.allocate(settings)

    dsn = stack.dsn(settings)
    assert dsn is not None
    assert f"{allocated.postgres_password.get_secret_value()}@127.0.0.1:{allocated.postgres_port}/" in dsn


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("act", [stack.up, stack.down])
def test_only_one_command_starts_or_stops_the_stack(
    act: object, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(act)
    monkeypatch.setattr(stack, "STOP_SECONDS", 0)
    settings.home.mkdir()

    with (
        filelock.FileLock(settings.home / "stack.lock"),
        pytest.raises(TransientError, match=r"`pinlake up` or `pinlake down` is running \(.*stack\.lock\)"),
    ):
        act(settings)


@pytest.mark.usefixtures("machine")
def test_a_home_that_cannot_be_written_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *, timeout: float) -> filelock.FileLock:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(filelock, "FileLock", refuse)

    with pytest.raises(
        ConfigurationError, match=r"cannot be written: Permission denied \(.*stack\.lock\).*PINLAKE_HOME"
    ):
        stack.up(settings)
