"""The processes that a drill kills: Pinlake's own, kept running, and the servers of the local stack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from foundation.settings import PREFIX, Settings
from local_stack import kafka, object_store, postgres, process, stack

BATCH_STEPS = ("bronze", "silver", "gold")
SERVERS = {"Kafka": kafka, "S3": object_store, "Postgres": postgres}
STOP_SECONDS = 60.0


@dataclass
class Role:
    """One of Pinlake's processes, started again whenever it is gone.

    Attributes:
        name: what people call it.
        commands: what it runs, one after another and then from the beginning.
        deaths: the exit code and the last words each time it has ended without having been told to.
    """

    name: str
    commands: Sequence[Sequence[str]]
    deaths: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    _turn: int = field(default=0, repr=False)

    def next_command(self) -> Sequence[str]:
        """Return what to run now."""
        command = self.commands[self._turn % len(self.commands)]
        self._turn += 1
        return command


class Cast:
    """Everything that runs during a drill; use it as a context, around which the stack is up.

    Args:
        settings: of the stack.
        door_port: where the door listens.
    """

    def __init__(self, settings: Settings, *, door_port: int) -> None:
        self.roles = [
            Role("door", [["serve", "--port", str(door_port)]]),
            Role("stream", [["stream"]]),
            Role("consumer", [["consume", "--follow"]]),
            Role("batch step", [[step, "--wait", "60"] for step in BATCH_STEPS]),
        ]
        self._settings = settings
        self._ending = threading.Event()
        self._keepers = [
            threading.Thread(target=self._keep, args=(role,), name=role.name, daemon=True)
            for role in self.roles
        ]

    def __enter__(self) -> Cast:
        """Start all of them."""
        for keeper in self._keepers:
            keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them in order."""
        self._ending.set()
        for role in self.roles:
            if role.process is not None:
                role.process.terminate()
        for keeper in self._keepers:
            keeper.join()

    @property
    def names(self) -> list[str]:
        """Whom a fault may hit."""
        return [*(role.name for role in self.roles), *SERVERS]

    def kill(self, name: str) -> bool:
        """Kill a process where it stands (-9); return whether there was one."""
        if name in SERVERS:
            running = process.find(SERVERS[name].child(self._settings.home))
            if running is None:
                return False
            running.kill()
            return True
        (role,) = (role for role in self.roles if role.name == name)
        child = role.process
        if child is None or child.poll() is not None:
            return False
        child.kill()
        return True

    def restore(self) -> None:
        """Start the servers that are gone; the others come back by themselves."""
        stack.up(self._settings)

    def _keep(self, role: Role) -> None:
        while not self._ending.is_set():
            with self._log(role).open("ab") as log:
                role.process = subprocess.Popen(
                    [sys.executable, "-m", "pinlake", *role.next_command()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environment(),
                    start_new_session=True,
                )
            if self._ending.is_set():
                role.process.terminate()
            code = self._wait(role.process)
            if code not in (0, -signal.SIGKILL) and not self._ending.is_set():
                role.deaths.append(f"exit code {code}: {self._last_words(role)}")
                self._ending.wait(1)

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        while True:
            try:
                return child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                if self._ending.is_set():
                    child.kill()

    def _log(self, role: Role) -> Path:
        return self._settings.home / "logs" / f"drill-{role.name.replace(' ', '-')}.log"

    def _last_words(self, role: Role) -> str:
        lines = self._log(role).read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else ""

    def _environment(self) -> dict[str, str]:
        return {**os.environ, f"{PREFIX}HOME": str(self._settings.home)}
