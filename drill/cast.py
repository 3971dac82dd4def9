"""The processes that a drill kills: Pinlake's own, which it restarts, and the servers of the local stack."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from foundation.settings import Settings
from local_stack import kafka, object_store, postgres, process, stack
from local_stack.pinlake_command import STOP_SECONDS, start_command

BATCH_STEPS = ("bronze", "silver", "gold")
SERVERS = {"Kafka": kafka, "S3": object_store, "Postgres": postgres}


@dataclass
class CommandLoop:
    """One of Pinlake's processes, restarted whenever it ends.

    Attributes:
        name: as the report shows it.
        commands: the commands it runs in turn, over and over.
        deaths: exit code and last log line, for each time it ended without being asked to.
    """

    name: str
    commands: Sequence[Sequence[str]]
    deaths: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    _next_index: int = field(default=0, repr=False)

    def next_command(self) -> Sequence[str]:
        """Return the command to run now."""
        command = self.commands[self._next_index % len(self.commands)]
        self._next_index += 1
        return command


class DrillProcesses:
    """Everything that runs during a drill, as a context manager; the stack must be up.

    Args:
        settings: of the stack.
        api_port: the port of the API.
    """

    def __init__(self, settings: Settings, *, api_port: int) -> None:
        self.loops = [
            # The name is a key in the JSON report.
            CommandLoop("door", [["serve", "--port", str(api_port)]]),
            CommandLoop("stream", [["stream"]]),
            CommandLoop("consumer", [["consume", "--follow"]]),
            CommandLoop("batch step", [[step, "--wait", "60"] for step in BATCH_STEPS]),
        ]
        self._settings = settings
        self._ending = threading.Event()
        self._supervisors = [
            threading.Thread(target=self._supervise, args=(loop,), name=loop.name, daemon=True)
            for loop in self.loops
        ]

    def __enter__(self) -> DrillProcesses:
        """Start every process."""
        for supervisor in self._supervisors:
            supervisor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Terminate every process and wait for it."""
        self._ending.set()
        for loop in self.loops:
            if loop.process is not None:
                loop.process.terminate()
        for supervisor in self._supervisors:
            supervisor.join()

    @property
    def names(self) -> list[str]:
        """The processes that a fault may kill."""
        return [*(loop.name for loop in self.loops), *SERVERS]

    def kill(self, name: str) -> bool:
        """Kill a process with -9; return whether it was running."""
        if name in SERVERS:
            running = process.find(SERVERS[name].child(self._settings.home))
            if running is None:
                return False
            running.kill()
            return True
        (loop,) = (loop for loop in self.loops if loop.name == name)
        child = loop.process
        if child is None or child.poll() is not None:
            return False
        child.kill()
        return True

    def restore(self) -> None:
        """Restart the servers that were killed; the other processes restart by themselves."""
        stack.up(self._settings)

    def _supervise(self, loop: CommandLoop) -> None:
        while not self._ending.is_set():
            loop.process = start_command(loop.next_command(), self._settings, log=self._log_path(loop))
            if self._ending.is_set():
                loop.process.terminate()
            code = self._wait(loop.process)
            if code not in (0, -signal.SIGKILL) and not self._ending.is_set():
                loop.deaths.append(f"exit code {code}: {self._last_log_line(loop)}")
                self._ending.wait(1)

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        while True:
            try:
                return child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                if self._ending.is_set():
                    child.kill()

    def _log_path(self, loop: CommandLoop) -> Path:
        return self._settings.home / "logs" / f"drill-{loop.name.replace(' ', '-')}.log"

    def _last_log_line(self, loop: CommandLoop) -> str:
        lines = self._log_path(loop).read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else ""
