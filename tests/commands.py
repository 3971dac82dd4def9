"""Pinlake's commands as processes of their own, for tests that stop or kill them."""

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
from pydantic import BaseModel, SecretStr
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from foundation.settings import PREFIX, Settings
from lakehouse.spark import session

ROOT = Path(__file__).parents[1]
# Whoever starts a JVM for pyspark reads it.
SPARK_OPTIONS = "SPARK_SUBMIT_OPTS"
GIVE_UP_AFTER_SECONDS = 120.0
# Such a command may do nearly all of its work before it is killed.
KILL_SECONDS = 400.0

Found = TypeVar("Found")


@dataclass(frozen=True)
class Done:
    """What a command has left: its exit code, its standard output, and the errors of all that ran with it."""

    code: int
    out: str
    errors: str

    @property
    def rows(self) -> list[Any]:
        """The JSON objects it printed, one a line."""
        return [orjson.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class RunningDoor:
    """A door that listens; `log` is its standard error."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


def inherited() -> dict[str, str]:
    """Return this process's environment without Pinlake's settings; short-lived JVMs shall compile once."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return given | {SPARK_OPTIONS: f"{session.QUICK_JVM_OPTIONS} {given.get(SPARK_OPTIONS, '')}"}


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which a command finds just these settings."""
    values: dict[str, object] = {}
    for name, value in settings:
        if isinstance(value, BaseModel):
            values |= {f"{name}_{field}": setting for field, setting in value}
        else:
            values[name] = value
    given = {f"{PREFIX}{name}".upper(): _text(value) for name, value in values.items() if value is not None}
    return inherited() | given


def users_environment(home: Path) -> dict[str, str]:
    """Return the environment of somebody who has set PINLAKE_HOME and nothing else of Pinlake's."""
    given = inherited()
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join([scripts, given.get("PATH", os.defpath)])
    return {**given, "PATH": path, f"{PREFIX}HOME": str(home)}


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


def in_turn(*calls: Sequence[str], settings: Settings) -> list[Done]:
    """Run commands one after another in the warm process of this worker, whose JVM starts once."""
    return [warm_process().run(*arguments, environment=environment(settings)) for arguments in calls]


class WarmProcess:
    """A process that runs one `pinlake` command after another; it ends with the process that started it.

    Args:
        folder: for its socket and its logs; a short path, as sockets want it.
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

    def run(self, *arguments: str, environment: dict[str, str]) -> Done:
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
        return Done(**orjson.loads(answer), errors=log.read_text())

    def end(self) -> None:
        """End it; its JVM ends with it."""
        self._process.communicate(timeout=GIVE_UP_AFTER_SECONDS)
        shutil.rmtree(self.socket.parent)


@cache
def warm_process() -> WarmProcess:
    """Return this worker's warm process, which the first caller starts."""
    return WarmProcess(Path(tempfile.mkdtemp(prefix="pinlake-commands-")))


def end_warm_process() -> None:
    """End this worker's warm process, if there is one."""
    if warm_process.cache_info().currsize:
        warm_process().end()


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Make sure that a process is gone after the block: in order if it can, by force if it must."""
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
    """Kill a command that has just been started (-9) once it has got so far; it must not have ended before.

    Args:
        process: the command.
        reached: whether it has got so far.
        log: where its standard error goes.
    """
    with process:
        try:
            until(lambda: process.poll() is not None or reached(), seconds=KILL_SECONDS)
            assert process.poll() is None, log.read_text()
        finally:
            process.kill()


@contextmanager
def running_door(settings: Settings, *, log: Path, ready: bool = True) -> Iterator[RunningDoor]:
    """Run `pinlake serve` on a free port until the end of the block.

    Args:
        settings: those of the door.
        log: where its standard error goes.
        ready: wait until it is ready, not only until it listens.
    """
    with ended(start("serve", "--port", "0", settings=settings, log=log)) as process:
        url = until(lambda: _address(log) or process.poll())
        assert isinstance(url, str), log.read_text()
        if ready:
            until(lambda: is_ready(url))
        yield RunningDoor(url, process, log)


def is_ready(url: str) -> bool:
    """Return whether the door at `url` says that it is ready."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/ready").status_code == httpx.codes.OK
    return False


def logged(log: Path) -> list[dict[str, object]]:
    """Return the events in a command's log; what its JVM has printed is none."""
    lines = log.read_bytes().splitlines(keepends=True)
    return [event for line in lines if line.endswith(b"\n") and (event := _event(line))]


def until(condition: Callable[[], Found], *, seconds: float = GIVE_UP_AFTER_SECONDS) -> Found:
    """Return what the condition finds as soon as it is true.

    Raises:
        tenacity.RetryError: it has not become true in time.
    """
    asking = Retrying(
        retry=retry_if_result(lambda found: not found), wait=wait_fixed(0.05), stop=stop_after_delay(seconds)
    )
    return asking(condition)


def _address(log: Path) -> str | None:
    """Return where the newest door that wrote into this log listens."""
    told = [line for line in logged(log) if line.get("event") == "door listening"]
    return str(told[-1]["address"]) if told else None


def _event(line: bytes) -> dict[str, object]:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
