"""A Spark standalone cluster of real processes, for tests of what the driver sends to workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from local_stack.addresses import HOST, free_ports
from tests import commands

MASTER = "org.apache.spark.deploy.master.Master"
WORKER = "org.apache.spark.deploy.worker.Worker"


@contextmanager
def running(folder: Path, *, workers: int, hidden: Sequence[Path]) -> Iterator[str]:
    """Run a master and workers of one core and 1 GB each on loopback; yield the master's URL.

    Args:
        folder: the parent of one folder per process, which holds its log.
        workers: number of workers.
        hidden: folders that are empty for the processes and the executors they start.
    """
    port, page, *others = free_ports(2 + workers)
    url = f"spark://{HOST}:{port}"
    with ExitStack() as started:

        def start(name: str, *arguments: str) -> None:
            started.enter_context(commands.ended(_start(folder / name, arguments, hidden)))

        start("master", MASTER, "--host", HOST, "--port", str(port), "--webui-port", str(page))
        for number, other in enumerate(others):
            options = ("--host", HOST, "--cores", "1", "--memory", "1g", "--webui-port", str(other))
            start(f"worker-{number}", WORKER, *options, "--work-dir", str(folder / f"worker-{number}"), url)
        commands.until(lambda: _count_alive_workers(f"http://{HOST}:{page}/json/") == workers)
        yield url


def _start(folder: Path, arguments: Sequence[str], hidden: Sequence[Path]) -> subprocess.Popen[bytes]:
    folder.mkdir()
    program = str(Path(sys.executable).with_name("spark-class"))
    inherited = {name: os.environ[name] for name in ("JAVA_HOME", "JAVA_TOOL_OPTIONS") if name in os.environ}
    # spark-class locates pyspark with the first Python on the path.
    path = os.pathsep.join([str(Path(program).parent), os.environ.get("PATH", os.defpath)])
    own = {"PATH": path, "HOME": str(folder), "SPARK_LOCAL_DIRS": str(folder), "SPARK_DAEMON_MEMORY": "256m"}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*_hide(hidden), program, *arguments],
            cwd=folder,
            env=inherited | own,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _hide(folders: Sequence[Path]) -> list[str]:
    """Return a command prefix that makes these folders appear empty; none where the system forbids it."""
    unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mounts = " && ".join(f"mount -t tmpfs none '{folder}'" for folder in folders)
    try:
        refused = subprocess.run([*unshare, mounts], capture_output=True).returncode
    except FileNotFoundError:
        return []
    return [] if refused else [*unshare, f'{mounts} && exec "$@"', "sh"]


def _count_alive_workers(page: str) -> int:
    try:
        return int(httpx.get(page).json()["aliveworkers"])
    except (httpx.TransportError, ValueError):  # a page that is starting returns something else
        return 0
