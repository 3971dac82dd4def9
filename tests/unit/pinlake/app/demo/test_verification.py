"""The rows of Postgres after the demonstration, read through a cursor in memory."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest

from foundation.settings import PostgresSettings
from pinlake.app.demo import verification
from pinlake.app.demo.scenario import NewestEvent
from pinlake.app.demo.verification import ServedRows, read_served_rows

Row = tuple[str, str | None, int | None, int | None, str]


class Session:
    """A connection, which is its own cursor, to a server with these events."""

    def __init__(self, event_ids: list[str], sample: list[Row]) -> None:
        self._event_ids = event_ids
        self._sample = sample
        self._counts: tuple[int, int] | None = None
        self.is_open = True

    def cursor(self) -> AbstractContextManager[Session]:
        return nullcontext(self)

    def execute(self, statement: str, values: tuple[list[str]] | None = None) -> None:
        assert self.is_open
        if values is not None:
            self._counts = len(self._event_ids), sum(name in values[0] for name in self._event_ids)

    def fetchone(self) -> tuple[int, int] | None:
        return self._counts

    def fetchall(self) -> list[Row]:
        return self._sample

    def close(self) -> None:
        self.is_open = False


def test_all_rows_and_those_of_this_run_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    sample: list[Row] = [("a", "art", 5, 1, "2026-01-01 00:00:00.000")]
    session = Session(["1", "2", "3"], sample)
    monkeypatch.setattr(verification, "connect", lambda postgres: session)
    newest = [NewestEvent("a", "1", None), NewestEvent("b", "3", 5), NewestEvent("c", "4", None)]

    served = read_served_rows(PostgresSettings(), newest)

    assert served == ServedRows(3, 2, sample)
    assert not session.is_open
