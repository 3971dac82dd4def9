"""The local stack: Kafka, the object store and Postgres are started, stopped and checked together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import filelock
import psutil
import structlog

from foundation.errors import ConfigurationError, TransientError
from foundation.settings import Settings, stack_file
from local_stack import addresses, kafka, object_store, postgres, process
from local_stack.addresses import Addresses
from local_stack.kafka import Kafka
from local_stack.object_store import ObjectStore
from local_stack.postgres import Postgres
from local_stack.server import Server

STOP_SECONDS = 30.0

Item = TypeVar("Item")
Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


class State(StrEnum):
    """State of a server."""

    RUNNING = "running"
    UNRESPONSIVE = "unresponsive"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ServerStatus:
    """One server: its state, its pid while it runs, its log and its address for clients."""

    name: str
    state: State
    pid: int | None
    log: Path
    address: str


def up(settings: Settings) -> Addresses:
    """Start the servers that do not run, concurrently, and wait until all servers answer.

    Returns:
        The addresses, which are also in `<home>/stack.env`.

    Raises:
        ConfigurationError: a port is taken, a jar is missing, or a password is wrong.
        TransientError: a server did not answer in time, or another `pinlake up` takes too long.
    """
    with _stack_lock(settings):
        allocated = addresses.allocate(settings)
        _run_concurrently(lambda server: _ensure(server, settings), _servers(settings, allocated))
    return allocated


def down(settings: Settings) -> list[str]:
    """Stop every server that runs; return their names.

    Raises:
        TransientError: a server does not stop, or another `pinlake up` takes too long.
    """
    if not settings.home.exists():
        return []
    # Only the home is used: servers must stop even if stack.env is lost.
    children = [server.child(settings.home) for server in (kafka, object_store, postgres)]
    with _stack_lock(settings):
        ran = _run_concurrently(lambda child: process.stop(child, seconds=STOP_SECONDS), children)
    return [child.name for child, was_running in zip(children, ran, strict=True) if was_running]


def status(settings: Settings) -> list[ServerStatus]:
    """Return the status of each server; an empty list if the stack has never been started."""
    stored = addresses.read(settings.home)
    return _run_concurrently(_check, _servers(settings, stored)) if stored else []


def server_status(settings: Settings, name: str) -> ServerStatus:
    """Return the status of the server with this name; the stack must have been started before."""
    stored = addresses.read(settings.home)
    assert stored is not None  # the stack has been started
    (server,) = (server for server in _servers(settings, stored) if server.child.name == name)
    return _check(server)


def dsn(settings: Settings) -> str | None:
    """Return the address of the stack's Postgres with user and password; None before the first `up`."""
    stored = addresses.read(settings.home)
    return Postgres(settings, stored).dsn if stored else None


def _servers(settings: Settings, allocated: Addresses) -> list[Server]:
    return [
        Kafka(settings, allocated.kafka_port),
        ObjectStore(settings, allocated),
        Postgres(settings, allocated),
    ]


def _ensure(server: Server, settings: Settings) -> None:
    child = server.child
    running = process.find(child)
    if running is None:
        command = server.prepare()
        _refuse_taken_port(server, settings)
        running = process.start(child, command)
        _log.debug("server started", server=child.name, pid=running.pid)
    else:
        process.record(child, running)
    process.await_answer(child, server.answers, seconds=settings.stack.start_seconds)


def _check(server: Server) -> ServerStatus:
    running = process.find(server.child)
    state = State.STOPPED
    if running is not None:
        state = State.RUNNING if server.answers() else State.UNRESPONSIVE
    return ServerStatus(
        name=server.child.name,
        state=state,
        pid=running.pid if running else None,
        log=server.child.log,
        address=server.address,
    )


def _refuse_taken_port(server: Server, settings: Settings) -> None:
    if addresses.is_free(server.port):
        return
    name = server.child.name
    raise ConfigurationError(
        f"port {server.port} of {name} is taken by {_listener(server.port)}",
        where=str(stack_file(settings.home)),
        hint=f"Stop that process, or choose another port with PINLAKE_STACK_{name.upper()}_PORT.",
    )


def _listener(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens_here = tuple(connection.laddr)[1:] == (port,) and connection.status == psutil.CONN_LISTEN
            if listens_here and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "another process"


@contextmanager
def _stack_lock(settings: Settings) -> Iterator[None]:
    lock = settings.home.resolve() / "stack.lock"
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(lock, timeout=2 * settings.stack.start_seconds + STOP_SECONDS):
            yield
    except PermissionError as error:
        raise ConfigurationError(
            f"the home of the local stack cannot be written: {error.strerror}",
            where=str(error.filename or lock),
            hint="Set PINLAKE_HOME to a folder that you can write.",
        ) from None
    except filelock.Timeout:
        raise TransientError(
            "another `pinlake up` or `pinlake down` is running", where=str(lock), hint="Wait until it ends."
        ) from None


def _run_concurrently(work: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    with ThreadPoolExecutor(len(items), thread_name_prefix="stack") as pool:
        return list(pool.map(work, items))
