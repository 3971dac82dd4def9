"""The supervisor restarts what dies and stops all of it; the processes are in memory."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestration import supervisor

NAMES = ["api-server", "scheduler", "triggerer", "dag-processor"]


class Child:
    """A process.

    Attributes:
        name: the first argument of its command.
        returncode: of a process that has ended.
        obeys: whether it ends when it is asked to.
        is_gone: whether it ended after it was listed.
        signals: the requests to end that it got.
    """

    def __init__(self, name: str, *, obeys: bool = True, is_gone: bool = False) -> None:
        self.name = name
        self.returncode: int | None = None
        self.obeys = obeys
        self.is_gone = is_gone
        self.signals: list[str] = []

    def poll(self) -> int | None:
        return self.returncode

    def terminate(self) -> None:
        self._signal("terminate")
        if self.obeys:
            self.returncode = -15

    def kill(self) -> None:
        self._signal("kill")
        self.returncode = -9

    def _signal(self, name: str) -> None:
        if self.is_gone:
            raise psutil.NoSuchProcess(1)
        self.signals.append(name)


class Machine:
    """The processes that were started, in order, and others below them."""

    def __init__(self) -> None:
        self.started: list[Child] = []
        self.tasks: list[Child] = []

    def start(self, command: list[str], **streams: Any) -> Child:  # noqa: ANN401 - files
        child = Child(command[1])
        self.started.append(child)
        return child

    def children(self, *, recursive: bool) -> list[Child]:
        assert recursive
        return [child for child in [*self.started, *self.tasks] if child.returncode is None]


def _wait(children: Sequence[Child], *, timeout: float) -> tuple[list[Child], list[Child]]:
    alive = [child for child in children if child.returncode is None]
    return [child for child in children if child not in alive], alive


class Checks(threading.Event):
    """An event that is set at the last of some checks, before each of which something happens."""

    def __init__(self, *actions: Any) -> None:  # noqa: ANN401 - functions without arguments
        super().__init__()
        self._actions = list(actions)

    def wait(self, timeout: float | None = None) -> bool:
        if not self._actions:
            return True
        self._actions.pop(0)()
        return False


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(subprocess, "Popen", machine.start)
    monkeypatch.setattr(psutil, "Process", lambda: machine)
    monkeypatch.setattr(psutil, "wait_procs", _wait)
    return machine


def _names(children: Sequence[Child]) -> list[str]:
    return [child.name for child in children]


def test_each_process_has_its_own_log(machine: Machine, tmp_path: Path) -> None:
    supervisor.run(tmp_path, stopping=Checks())

    assert _names(machine.started) == NAMES
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {f"{name}.log" for name in NAMES}


def test_only_what_died_is_started_again_as_often_as_it_dies(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def die(at: int) -> Any:  # noqa: ANN401 - a function without arguments
        return lambda: setattr(machine.started[at], "returncode", 70 + at)

    supervisor.run(tmp_path, stopping=Checks(die(1), lambda: None, die(4), die(0)))

    assert _names(machine.started) == [*NAMES, "scheduler", "scheduler", "api-server"]
    assert capsys.readouterr().out.splitlines() == [
        "scheduler ended with 71, restarting it",
        "scheduler ended with 74, restarting it",
        "api-server ended with 70, restarting it",
    ]


def test_all_are_asked_to_end_and_those_that_do_not_are_killed(machine: Machine, tmp_path: Path) -> None:
    stubborn, gone = Child("task", obeys=False), Child("gone", is_gone=True)
    machine.tasks = [stubborn, gone]

    supervisor.run(tmp_path, stopping=Checks())

    assert [child.signals for child in machine.started] == [["terminate"]] * 4
    assert stubborn.signals == ["terminate", "kill"]
