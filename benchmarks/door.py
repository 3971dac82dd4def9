"""How many events a second the door takes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.report import Rate
from foundation.errors import TerminalError

LOAD_SECONDS = 300


@dataclass(frozen=True)
class Load:
    """What is posted: so many events, `batch` to a request, over so many connections."""

    events: int
    batch: int
    connections: int


def measure(step: str, url: str, load: Load, *, aim: float | None = None) -> Rate:
    """Post the load from another process.

    Raises:
        TerminalError: the door has not accepted every event.
    """
    command = [sys.executable, "-m", "benchmarks.client", url]
    for name, value in vars(load).items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=LOAD_SECONDS)
    answer = json.loads(done.stdout)
    if answer["statuses"] != {"201": -(-load.events // load.batch)}:
        raise TerminalError(
            f"the door answered {answer['statuses']}", where=url, hint="Try a smaller load; read its log."
        )
    return Rate(step, load.events, answer["bytes"], answer["seconds"], aim)
