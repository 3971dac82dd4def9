"""`pinlake` commands as child processes, with the settings of this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, SecretStr

from foundation.settings import PREFIX, Settings

STOP_SECONDS = 60.0


def setting_variables(settings: Settings) -> dict[str, str]:
    """Return the environment variables that give a command exactly these settings."""
    values: dict[str, object] = {}
    for name, value in settings:
        if isinstance(value, BaseModel):
            values |= {f"{name}_{field}": setting for field, setting in value}
        else:
            values[name] = value
    return {f"{PREFIX}{name}".upper(): _text(value) for name, value in values.items() if value is not None}


def start_command(arguments: Sequence[str], settings: Settings, *, log: Path) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; its output is appended to `log`.

    Ctrl-C then reaches only this process, which ends its children in order.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "pinlake", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=inherited | setting_variables(settings),
            start_new_session=True,
        )


@contextmanager
def running_command(
    arguments: Sequence[str], settings: Settings, *, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command during the block, then end it with SIGTERM, or by force if it does not end in time.

    Args:
        arguments: the command and its options.
        settings: of the command.
        log: the file for its output.
    """
    command = start_command(arguments, settings, log=log)
    try:
        yield command
    finally:
        command.terminate()
        try:
            command.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            command.kill()
            command.wait()


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
