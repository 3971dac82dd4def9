"""Kafka, the object store and Postgres together: start them, stop them, tell how they are."""

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
    """How a server is."""

    RUNNING = "running"
    UNRESPONSIVE = "unresponsive"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ServerStatus:
    """One server: its state, its pid while it runs, where its log is, where clients reach it."""

    name: str
    state: State
    pid: int | None
    log: Path
    address: str


def up(settings: Settings) -> Addresses:
    """Start what does not run yet, side by side, and wait until every server answers.

    Returns:
        The addresses, also kept in `<home>/stack.env`.

    Raises:
        ConfigurationError: a port is taken by others, a jar is missing, a password does not fit.
        TransientError: a server did not answer in time, or another `pinlake up` is at work for too long.
    """
    with _alone(settings):
        found = addresses.allocate(settings)
        _side_by_side(lambda server: _ensure(server, settings), _servers(settings, found))
    return found


def down(settings: Settings) -> list[str]:
    """Stop every server that runs; return their names.

    Raises:
        TransientError: one does not end, or another `pinlake up` is at work for too long.
    """
    if not settings.home.exists():
        return []
    # Asked by their homes alone: servers must end even if stack.env has been lost.
    children = [server.child(settings.home) for server in (kafka, object_store, postgres)]
    with _alone(settings):
        ran = _side_by_side(lambda child: process.stop(child, seconds=STOP_SECONDS), children)
    return [child.name for child, was_running in zip(children, ran, strict=True) if was_running]


def status(settings: Settings) -> list[ServerStatus]:
    """Return how each server is; an empty list if the stack has never been up."""
    found = addresses.read(settings.home)
    return _side_by_side(_look, _servers(settings, found)) if found else []


def look(settings: Settings, name: str) -> ServerStatus:
    """Return how one server is, by its name; the stack must have been up."""
    found = addresses.read(settings.home)
    assert found is not None  # it has been up
    (server,) = (server for server in _servers(settings, found) if server.child.name == name)
    return _look(server)


def dsn(settings: Settings) -> str | None:
    """Return the address of the stack's Postgres, with user and password; None before the first `up`."""
    found = addresses.read(settings.home)
    return Postgres(settings, found).dsn if found else None


def _servers(settings: Settings, found: Addresses) -> list[Server]:
    return [
        Kafka(settings, found.kafka_port),
        ObjectStore(settings, found),
        Postgres(settings, found),
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


def _look(server: Server) -> ServerStatus:
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
def _alone(settings: Settings) -> Iterator[None]:
    lock = settings.home.resolve() / "stack.lock"
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(lock, timeout=2 * settings.stack.start_seconds + STOP_SECONDS):
            yield
    except PermissionError as error:
        raise ConfigurationError(
            f"the home of the local stack cannot be written: {error.strerror}",
            where=str(error.filename or lock),
            hint="Set PINLAKE_HOME to a folder of yours.",
        ) from None
    except filelock.Timeout:
        raise TransientError(
            "another `pinlake up` or `pinlake down` is at work", where=str(lock), hint="Wait for it to end."
        ) from None


def _side_by_side(work: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    with ThreadPoolExecutor(len(items), thread_name_prefix="stack") as pool:
        return list(pool.map(work, items))
