"""Supervisor of Airflow's four processes: starts them, restarts those that die, stops all of them.

`airflow standalone` leaves its children behind after SIGTERM and serves logs on every address.
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
CHECK_SECONDS = 2.0
STOP_SECONDS = 20.0


def airflow() -> Path:
    """Return the `airflow` program of this Python environment."""
    return Path(sys.executable).with_name("airflow")


def run(home: Path, *, stopping: threading.Event) -> None:
    """Run the processes until `stopping` is set.

    Args:
        home: AIRFLOW_HOME; the environment sets it too.
        stopping: set it to stop the processes: in order, or by force after some time.
    """
    running = {name: _start(name, home) for name in COMMANDS}
    while not stopping.wait(CHECK_SECONDS):
        for name, process in running.items():
            if process.poll() is not None:
                print(f"{name} ended with {process.returncode}, restarting it", flush=True)
                running[name] = _start(name, home)
    _stop_all()


def _stop_all() -> None:
    # Including the commands of tasks: otherwise the scheduler would wait until they end.
    descendants = psutil.Process().children(recursive=True)
    for process in descendants:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(descendants, timeout=STOP_SECONDS)
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
