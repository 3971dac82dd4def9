"""A server as a child process: it outlives the command that started it and is found by its pid file."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from foundation.errors import TerminalError, TransientError
from local_stack.addresses import write_private

# More than the system rounds a start time; the argument of the process is checked as well.
_SAME_START_SECONDS = 2.0
_POLL_SECONDS = 0.1
_KILLED_SECONDS = 10.0
# Servers get only these variables of the caller's environment, because others may be secrets.
_ENVIRONMENT = ("HOME", "LANG", "PATH", "TMPDIR", "TZ")


@dataclass(frozen=True)
class Child:
    """The process of a server.

    Attributes:
        name: its name in files and messages.
        own_argument: an argument on its command line that no other process has, such as its data folder.
        run: the folder of pid files.
        log: the file of its output.
        stop_signal: the signal that stops it in order.
    """

    name: str
    own_argument: str
    run: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def pid_file(self) -> Path:
        """Pid and start time of the process, as JSON."""
        return self.run / f"{self.name}.pid"


def find(child: Child) -> psutil.Process | None:
    """Return the running process, or None.

    If the pid file is missing, damaged or stale, or its pid now belongs to another process, the process is
    found by its own argument.
    """
    recorded = _recorded(child)
    if recorded is not None:
        return recorded
    alive = [process for process in psutil.process_iter() if _is_ours(process, child)]
    # Forked children of a server have its arguments for an instant.
    return min(alive, key=psutil.Process.create_time, default=None)


def start(
    child: Child, command: list[str], *, environment: Mapping[str, str] | None = None
) -> psutil.Process:
    """Start the process in its own session and write its pid file.

    Args:
        child: identifies the process.
        command: the program and its arguments.
        environment: its complete environment; default: a few variables of the caller.
    """
    child.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if environment is None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    with child.log.open("ab") as log:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    process = psutil.Process(started.pid)
    record(child, process)
    return process


def record(child: Child, process: psutil.Process) -> None:
    """Write the pid file."""
    fields = {"pid": process.pid, "create_time": process.create_time()}
    write_private(child.pid_file, json.dumps(fields))


def await_answer(child: Child, answers: Callable[[], bool], *, seconds: float) -> None:
    """Wait until the server answers.

    Raises:
        TerminalError: the process ended.
        TransientError: the process runs but did not answer in time.
    """

    def answered() -> bool:
        if find(child) is None:
            raise TerminalError(
                f"{child.name} ended while it was starting: {_last_line(child.log)}",
                where=str(child.log),
                hint="Read its log, then run `pinlake up` again.",
            )
        return answers()

    waiting = Retrying(
        retry=retry_if_result(lambda is_answered: not is_answered),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(_POLL_SECONDS),
    )
    try:
        waiting(answered)
    except RetryError:
        raise TransientError(
            f"{child.name} runs but did not answer within {seconds:.0f} s",
            where=str(child.log),
            hint="Read its log. `pinlake down` and `pinlake up` restart it; PINLAKE_STACK_START_SECONDS "
            "gives it more time.",
        ) from None


def stop(child: Child, *, seconds: float) -> bool:
    """Stop the process in order, by force after `seconds`; return whether it was running.

    Raises:
        TransientError: the process still runs after SIGKILL.
    """
    process = find(child)
    if process is not None:
        processes = [process, *_children(process)]
        _signal(process, child.stop_signal)
        for remaining in _await_ends(processes, seconds=seconds):
            _signal(remaining, signal.SIGKILL)
        if _await_ends(processes, seconds=_KILLED_SECONDS):
            raise TransientError(
                f"{child.name} does not stop", where=f"pid {process.pid}", hint="Run `pinlake down` again."
            )
    child.pid_file.unlink(missing_ok=True)
    return process is not None


def _recorded(child: Child) -> psutil.Process | None:
    try:
        fields = json.loads(child.pid_file.read_bytes())
        process = psutil.Process(int(fields["pid"]))
        same = abs(process.create_time() - float(fields["create_time"])) < _SAME_START_SECONDS
    except (OSError, ValueError, TypeError, KeyError, OverflowError, psutil.Error):
        return None
    return process if same and (_is_ours(process, child) or _is_between_programs(process)) else None


def _is_ours(process: psutil.Process, child: Child) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and child.own_argument in process.cmdline()
    except psutil.Error:
        return False


def _is_between_programs(process: psutil.Process) -> bool:
    """Return whether it has no command line, as for an instant when setpriv becomes Postgres."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and not process.cmdline()
    except psutil.Error:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _await_ends(processes: list[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Wait until all have ended; return those that still run. A zombie has ended: its parent must reap it."""
    waiting = Retrying(
        retry=retry_if_result(bool),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(_POLL_SECONDS),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else processes,
    )
    running: list[psutil.Process] = waiting(lambda: [process for process in processes if _runs(process)])
    psutil.wait_procs(processes, timeout=0)  # reaps those that this process has started
    return running


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    # psutil refuses if the pid now belongs to another process.
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
    return lines[-1] if lines else "its log is empty"
