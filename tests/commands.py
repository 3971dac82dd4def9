"""Pinlake's commands in processes of their own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from foundation.settings import PREFIX, Settings
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
    """Return this process's environment without Pinlake's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


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
