"""The number of events per second that the API accepts."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.report import Rate
from foundation.errors import TerminalError

LOAD_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class ApiLoad:
    """A load on the API: number of events, events per request, and parallel connections."""

    events: int
    batch: int
    connections: int


def measure(step: str, url: str, load: ApiLoad, *, aim: float | None = None) -> Rate:
    """Post the load from another process and return its rate.

    Raises:
        TerminalError: the API did not accept every event.
    """
    command = [sys.executable, "-m", "benchmarks.client", url]
    for name, value in vars(load).items():
        command += [f"--{name}", str(value)]
    completed = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=LOAD_TIMEOUT_SECONDS
    )
    result = json.loads(completed.stdout)
    if result["statuses"] != {"201": -(-load.events // load.batch)}:
        raise TerminalError(
            f"the API answered {result['statuses']}", where=url, hint="Try a smaller load; read its log."
        )
    return Rate(step, load.events, result["bytes"], result["seconds"], aim)
