"""Airflow's four processes as one: started together, started anew when one dies, ended together.

`airflow standalone` would leave its children behind at SIGTERM and serve logs on every address.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil

COMMANDS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
}
LOOK_SECONDS = 2.0
END_SECONDS = 20.0


def airflow() -> Path:
    """Return the program of this very environment."""
    return Path(sys.executable).with_name("airflow")


def run(home: Path, *, stopping: threading.Event) -> None:
    """Run the processes until `stopping` is set.

    Args:
        home: AIRFLOW_HOME, which the environment names as well.
        stopping: set to end them: in order if they do so in time, by force if not.
    """
    running = {name: _start(name, home) for name in COMMANDS}
    while not stopping.wait(LOOK_SECONDS):
        for name, process in running.items():
            if process.poll() is not None:
                print(f"{name} has ended with {process.returncode}, starting it anew", flush=True)
                running[name] = _start(name, home)
    _end_all()


def _end_all() -> None:
    # What tasks run as well: left alone, the scheduler would wait for their end.
    descendants = psutil.Process().children(recursive=True)
    for process in descendants:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(descendants, timeout=END_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _start(name: str, home: Path) -> subprocess.Popen[bytes]:
    log = home / "logs" / f"{name}.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        command = [str(airflow()), *COMMANDS[name]]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)


def main() -> None:
    """Run until SIGTERM or SIGINT; the one argument is AIRFLOW_HOME."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    run(Path(sys.argv[1]), stopping=stopping)


if __name__ == "__main__":
    main()
