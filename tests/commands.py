"""Pinlake's commands in processes: one per command, or a warm one that runs many."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from foundation.settings import PREFIX, Settings
from lakehouse.spark import session
from local_stack.pinlake_command import setting_variables

ROOT = Path(__file__).parents[1]
# The JVM that pyspark starts reads it.
SPARK_OPTIONS = "SPARK_SUBMIT_OPTS"
GIVE_UP_AFTER_SECONDS = 120.0
# A command may do nearly all of its work before the test kills it.
KILL_SECONDS = 400.0

Value = TypeVar("Value")


@dataclass(frozen=True)
class CommandResult:
    """The result of a command: its exit code, its standard output, and its standard error."""

    code: int
    out: str
    errors: str

    @property
    def rows(self) -> list[Any]:
        """The JSON objects it printed, one per line."""
        return [orjson.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class RunningApi:
    """An API server that listens; `log` has its standard error."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


def inherited() -> dict[str, str]:
    """Return this process's environment without Pinlake's settings, with JVM options for short commands."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return variables | {SPARK_OPTIONS: f"{session.QUICK_JVM_OPTIONS} {variables.get(SPARK_OPTIONS, '')}"}


def environment(settings: Settings) -> dict[str, str]:
    """Return an environment that gives a command exactly these settings."""
    return inherited() | setting_variables(settings)


def users_environment(home: Path) -> dict[str, str]:
    """Return the environment of a user who has set PINLAKE_HOME and no other setting of Pinlake."""
    variables = inherited()
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join([scripts, variables.get("PATH", os.defpath)])
    return {**variables, "PATH": path, f"{PREFIX}HOME": str(home)}


def start(*arguments: str, settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    """Start `pinlake`; its standard output is a pipe, its standard error goes to `log`."""
    command = [str(Path(sys.executable).with_name("pinlake")), *arguments]
    with log.open("ab") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(settings),
        )


def in_turn(*calls: Sequence[str], settings: Settings) -> list[CommandResult]:
    """Run commands one after another in the warm process of this worker."""
    return [warm_process().run(*arguments, environment=environment(settings)) for arguments in calls]


class WarmProcess:
    """A process that runs one `pinlake` command after another, and ends with the process that started it.

    Args:
        folder: for its socket and its logs; sockets need a short path.
    """

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "socket"
        self.log = folder / "log"
        with self.log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.command_server", str(self.socket)],
                cwd=ROOT,
                env=inherited(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        until(lambda: self.socket.exists() or self._process.poll() is not None)
        assert self.socket.exists(), self.log.read_text()

    def run(self, *arguments: str, environment: dict[str, str]) -> CommandResult:
        """Run one command."""
        log = self.log.with_name(f"{uuid.uuid4().hex}.log")
        request = {"arguments": arguments, "environment": environment, "folder": str(ROOT), "log": str(log)}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            with connection.makefile("rwb") as stream:
                stream.write(orjson.dumps(request) + b"\n")
                stream.flush()
                answer = stream.read()
        assert answer, self.log.read_text()
        return CommandResult(**orjson.loads(answer), errors=log.read_text())

    def end(self) -> None:
        """End the process and its JVM."""
        self._process.communicate(timeout=GIVE_UP_AFTER_SECONDS)
        shutil.rmtree(self.socket.parent)


@cache
def warm_process() -> WarmProcess:
    """Return this worker's warm process; the first call starts it."""
    return WarmProcess(Path(tempfile.mkdtemp(prefix="pinlake-commands-")))


def end_warm_process() -> None:
    """End this worker's warm process, if there is one."""
    if warm_process.cache_info().currsize:
        warm_process().end()


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Terminate a process after the block, and kill it if it does not end in time."""
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(GIVE_UP_AFTER_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def kill_once(process: subprocess.Popen[bytes], reached: Callable[[], bool], *, log: Path) -> None:
    """Kill a command with -9 as soon as a condition holds; the command must not end before.

    Args:
        process: the command.
        reached: whether the condition holds.
        log: the file of its standard error.
    """
    with process:
        try:
            until(lambda: process.poll() is not None or reached(), seconds=KILL_SECONDS)
            assert process.poll() is None, log.read_text()
        finally:
            process.kill()


@contextmanager
def running_api(settings: Settings, *, log: Path, ready: bool = True) -> Iterator[RunningApi]:
    """Run `pinlake serve` on a free port during the block.

    Args:
        settings: of the API.
        log: the file for its standard error.
        ready: wait until the API is ready, not only until it listens.
    """
    with ended(start("serve", "--port", "0", settings=settings, log=log)) as process:
        url = until(lambda: _address(log) or process.poll())
        assert isinstance(url, str), log.read_text()
        if ready:
            until(lambda: is_ready(url))
        yield RunningApi(url, process, log)


def is_ready(url: str) -> bool:
    """Return whether the API at `url` reports that it is ready."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/ready").status_code == httpx.codes.OK
    return False


def logged(log: Path) -> list[dict[str, object]]:
    """Return the events in a command's log; ignores other output, such as the JVM's."""
    lines = log.read_bytes().splitlines(keepends=True)
    return [event for line in lines if line.endswith(b"\n") and (event := _event(line))]


def until(condition: Callable[[], Value], *, seconds: float = GIVE_UP_AFTER_SECONDS) -> Value:
    """Return the value of the condition as soon as it is true.

    Raises:
        tenacity.RetryError: it did not become true in time.
    """
    retrying = Retrying(
        retry=retry_if_result(lambda value: not value), wait=wait_fixed(0.05), stop=stop_after_delay(seconds)
    )
    return retrying(condition)


def _address(log: Path) -> str | None:
    """Return the address of the last API that wrote to this log."""
    messages = [line for line in logged(log) if line.get("event") == "door listening"]
    return str(messages[-1]["address"]) if messages else None


def _event(line: bytes) -> dict[str, object]:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}
