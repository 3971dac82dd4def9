"""A `pinlake` command that runs during a benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dotenv

from foundation.settings import PREFIX, Settings, stack_file

STOP_SECONDS = 60.0


@contextmanager
def running_command(arguments: Sequence[str], settings: Settings) -> Iterator[None]:
    """Run a `pinlake` command against the stack during the block, then end it with SIGTERM.

    Args:
        arguments: the command and its options; the output goes to a log file in the home.
        settings: of the stack.
    """
    log = settings.home / "logs" / f"{arguments[0]}.log"
    with log.open("ab") as output:
        # In a session of its own: Ctrl-C reaches only this process, which then ends its children in order.
        child = subprocess.Popen(
            [sys.executable, "-m", "pinlake", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **_stack_variables(settings)},
            start_new_session=True,
        )
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _stack_variables(settings: Settings) -> dict[str, str]:
    variables = dotenv.dotenv_values(stack_file(settings.home), interpolate=False)
    values = {name: value for name, value in variables.items() if value is not None}
    return values | {f"{PREFIX}HOME": str(settings.home)}
