"""State of Kafka, the object store and Postgres: servers of the local stack, or others in the settings."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from foundation.clients import BRIEF
from foundation.errors import PinlakeError, TransientError
from foundation.kafka_admin import require_topics
from foundation.object_store import ObjectStore
from foundation.postgres import require_database
from foundation.settings import S3Settings, Settings
from local_stack import addresses, stack
from local_stack.addresses import Addresses

ANSWER_SECONDS = 5.0
# Longer, because a local server that runs may be busy; whether it runs is known at once.
OWN_ANSWER_SECONDS = 10.0
_CONNECT_SECONDS = 3
KAFKA, S3, POSTGRES = NAMES = ("kafka", "s3", "postgres")


class State(StrEnum):
    """State of a server that `pinlake up` did not start.

    It is unusable if it answers, but rejects the user or has no topics, bucket or database.
    """

    REACHABLE = "reachable"
    UNUSABLE = "unusable"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Server:
    """One server.

    Attributes:
        name: kafka, s3 or postgres.
        state: `stack.State` for a server of the local stack, else `State`.
        pid: pid of its process, for a running server of the local stack.
        log: path of its log, for a server of the local stack.
        address: address for clients, without user and password.
        seconds: how long the request took.
        error: why it cannot be used, in one line.
    """

    name: str
    state: stack.State | State
    pid: int | None
    log: Path | None
    address: str
    seconds: float | None = None
    error: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether it belongs to the local stack."""
        return isinstance(self.state, stack.State)

    @property
    def is_well(self) -> bool:
        """Whether it can be used."""
        return self.state in (stack.State.RUNNING, State.REACHABLE)


@dataclass(frozen=True)
class _Question:
    """A request to a server: its name and address, the function that asks it, and the timeout."""

    name: str
    address: str
    ask: Callable[[], Server]
    seconds: float


def of_stack(settings: Settings) -> list[Server]:
    """Return the servers of the local stack; an empty list if it has never been started."""
    return [_started(status) for status in stack.status(settings)]


def configured(settings: Settings) -> list[Server]:
    """Ask all servers of the settings at once.

    Returns:
        Kafka, the object store and Postgres; an empty list if no server is configured and the local stack
        has never been started.
    """
    stored = addresses.read(settings.home)
    if stored is None and not _names_servers(settings):
        return []
    local = _local_names(settings, stored) if stored else frozenset()
    return _answers(
        [
            _Question(name, address, partial(_ask_own, settings, name), OWN_ANSWER_SECONDS)
            if name in local
            else _Question(name, address, partial(_ask_other, settings, name, address), ANSWER_SECONDS)
            for name, address in _addresses(settings).items()
        ]
    )


def _names_servers(settings: Settings) -> bool:
    """Return whether an address or credentials are set; host and bucket alone have usable defaults."""
    return bool(
        "bootstrap_servers" in settings.kafka.model_fields_set
        or {"endpoint", "access_key"} & settings.s3.model_fields_set
        or "password" in settings.postgres.model_fields_set
    )


def _local_names(settings: Settings, stored: Addresses) -> frozenset[str]:
    postgres = (settings.postgres.host, settings.postgres.port)
    same = {
        KAFKA: settings.kafka.bootstrap_servers == stored.bootstrap_servers,
        S3: settings.s3.endpoint == stored.s3_endpoint,
        POSTGRES: postgres == (addresses.HOST, stored.postgres_port),
    }
    return frozenset(name for name, is_same in same.items() if is_same)


def _addresses(settings: Settings) -> Mapping[str, str]:
    return {
        KAFKA: settings.kafka.bootstrap_servers,
        S3: _endpoint(settings.s3),
        POSTGRES: f"{settings.postgres.host}:{settings.postgres.port}",
    }


def _endpoint(s3: S3Settings) -> str:
    if s3.endpoint is None:
        return f"https://s3.{s3.region}.amazonaws.com"
    parts = urlsplit(s3.endpoint)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _ask_own(settings: Settings, name: str) -> Server:
    return _started(stack.server_status(settings, name))


def _ask_other(settings: Settings, name: str, address: str) -> Server:
    if name == KAFKA:
        require_topics(settings.kafka, timeout_seconds=_CONNECT_SECONDS)
    elif name == S3:
        ObjectStore.open(settings.s3, BRIEF).require_bucket()
    else:
        require_database(settings.postgres, seconds=_CONNECT_SECONDS)
    return Server(name, State.REACHABLE, None, None, address)


def _started(status: stack.ServerStatus) -> Server:
    error = {
        stack.State.RUNNING: None,
        stack.State.UNRESPONSIVE: "its process runs but does not answer",
        stack.State.STOPPED: "its process does not run",
    }[status.state]
    return Server(status.name, status.state, status.pid, status.log, status.address, error=error)


def _answers(questions: Sequence[_Question]) -> list[Server]:
    began = time.monotonic()
    # Daemon threads, because a slow resolver or server must not delay the end of the command.
    pending = [(question, _start(question)) for question in questions]
    return [_await(question, answer, until=began + question.seconds) for question, answer in pending]


def _start(question: _Question) -> queue.SimpleQueue[Server]:
    answer: queue.SimpleQueue[Server] = queue.SimpleQueue()
    threading.Thread(target=lambda: answer.put(_answer(question)), name=question.name, daemon=True).start()
    return answer


def _await(question: _Question, answer: queue.SimpleQueue[Server], *, until: float) -> Server:
    try:
        return answer.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        silent = _failed(question, State.UNREACHABLE, f"no answer within {question.seconds:.0f} s")
        return replace(silent, seconds=question.seconds)


def _answer(question: _Question) -> Server:
    began = time.monotonic()
    try:
        server = question.ask()
    except PinlakeError as error:
        state = State.UNREACHABLE if isinstance(error, TransientError) else State.UNUSABLE
        server = _failed(question, state, error.what)
    return replace(server, seconds=round(time.monotonic() - began, 3))


def _failed(question: _Question, state: State, error: str) -> Server:
    return Server(question.name, state, None, None, question.address, error=error)
