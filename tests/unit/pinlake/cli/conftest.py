"""Commands in the process of the test: without servers, without Spark, and without traces in later tests."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from foundation import settings as settings_module
from foundation.settings import Settings
from lakehouse.delta.locks import table_locks
from lakehouse.spark import session


class Held(NamedTuple):
    """The leases that a command asked for."""

    command: str
    names: tuple[str, ...]
    wait: float


@pytest.fixture(autouse=True)
def _own_process_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore logging and signal handlers, which a command sets for its process; read settings of no one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PINLAKE_HOME", str(tmp_path / "home"))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in signals.items():
        signal.signal(number, handler)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def loaded() -> Settings:
    """The settings that a command of this test loads."""
    return settings_module.load()


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions that commands open, by the names of their applications; none of them is a Spark.

    The end of a session appends `stopped`.
    """
    opened: list[str] = []

    def build(_: Settings, *, app: str, quick: bool) -> str:
        opened.append(f"{app}, quick" if quick else app)
        return app

    monkeypatch.setattr(session, "build", build)
    monkeypatch.setattr(session, "stop", lambda _: opened.append("stopped"))
    return opened


@pytest.fixture
def leases(monkeypatch: pytest.MonkeyPatch) -> list[Held]:
    """The leases that commands hold; the store is not asked for them."""
    leases: list[Held] = []

    @contextmanager
    def hold(_: Settings, names: Sequence[str], *, command: str, wait: float = 0.0) -> Iterator[None]:
        leases.append(Held(command, tuple(names), wait))
        yield

    monkeypatch.setattr(table_locks, "hold_locks", hold)
    return leases
