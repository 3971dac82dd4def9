"""The row of a pin in Postgres: what it carries, and which failures mean that there is none."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, NoReturn

import psycopg2
import pytest

from foundation.errors import TransientError
from foundation.settings import PostgresSettings
from lakehouse.observability.pin_trace import served_row
from lakehouse.observability.pin_trace.served_row import read_served_row

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SETTINGS = PostgresSettings(host="db", port=5432, database="pins")
INFO = {"run": "run-1", "lane": "stream", "step": "serving", "began": NOON.isoformat(), "code": "1.0"}
ROW = {"category": "art", "event_id": "event", "loaded_at": NOON, "load": 7}


class Session:
    """A connection whose only query returns one row, or fails."""

    def __init__(self, row: dict[str, Any] | None, error: Exception | None = None) -> None:
        self._row, self._error = row, error
        self.closed = False
        self.asked: tuple[object, ...] = ()

    def close(self) -> None:
        self.closed = True

    def cursor(self, **_: object) -> AbstractContextManager[Session]:
        return nullcontext(self)

    def execute(self, _: str, values: tuple[object, ...]) -> None:
        self.asked = values
        if self._error:
            raise self._error

    def fetchone(self) -> dict[str, Any] | None:
        return self._row


def _connect(monkeypatch: pytest.MonkeyPatch, session: Session) -> None:
    monkeypatch.setattr(served_row, "connect", lambda _: session)


@pytest.mark.parametrize(
    ("receipt", "written_by"),
    [
        (json.dumps(INFO), {"run": "run-1", "code": "1.0"}),
        (json.dumps(INFO | {"code": ""}), {"run": "run-1", "code": None}),
        ("{}", {}),
        (None, {}),
    ],
    ids=["known", "older", "foreign", "none"],
)
def test_the_row_names_the_run_that_wrote_it(
    receipt: str | None, written_by: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(ROW | {"receipt": receipt})
    _connect(monkeypatch, session)

    assert read_served_row(SETTINGS, "pin") == ROW | written_by
    assert (session.asked, session.closed) == (("pin",), True)


@pytest.mark.parametrize("error", [None, psycopg2.errors.UndefinedTable()], ids=["no row", "no table"])
def test_a_pin_that_was_never_loaded_has_no_row(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(None, error)
    _connect(monkeypatch, session)

    assert read_served_row(SETTINGS, "pin") is None
    assert session.closed


def _refuse(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    def refuse(_: PostgresSettings) -> NoReturn:
        raise psycopg2.OperationalError(message)

    monkeypatch.setattr(served_row, "connect", refuse)


def test_a_database_that_does_not_exist_has_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse(monkeypatch, 'FATAL:  database "pins" does not exist\n')

    assert read_served_row(SETTINGS, "pin") is None


def test_a_server_that_does_not_answer_is_reported_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse(monkeypatch, "connection refused\n\tIs the server running?\n")

    with pytest.raises(
        TransientError, match=r"^Postgres does not answer: connection refused \(db:5432/pins\)\. Start it"
    ):
        read_served_row(SETTINGS, "pin")
