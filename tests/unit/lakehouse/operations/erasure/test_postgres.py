"""Erasure from Postgres: mentions are counted in every table, and a held table is reported."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg2.errors import LockNotAvailable

from foundation.errors import TransientError
from foundation.settings import PostgresSettings
from lakehouse.delta.commit_info import CommitInfo, Step, parse
from lakehouse.operations.erasure import postgres
from lakehouse.serving.postgres import ServingDatabase

SETTINGS = PostgresSettings(host="db", port=5432, database="pins")
PINS = ("pin-1", "pin-2")


class Database:
    """The tables of a database by their quoted names, each with the texts of its rows."""

    def __init__(self) -> None:
        self.tables: dict[str, list[str]] = {}
        self.ensured = False
        self.values: tuple[Any, ...] = ()

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - as psycopg2
        self.values = values
        if "pg_tables" in statement:
            return [(name,) for name in self.tables]
        if "ILIKE ANY" in statement:
            (name,) = [name for name in self.tables if f"FROM {name} AS" in statement]
            words = [pattern.strip("%") for pattern in values[0]]
            assert all(pattern == f"%{word}%" for pattern, word in zip(values[0], words, strict=True))
            return [(sum(any(word in text for word in words) for text in self.tables[name]),)]
        return [(len(self.tables.get("experimental_data", [])),)]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    stored = Database()

    def ensure(_: ServingDatabase) -> None:
        stored.ensured = True

    def query(_: ServingDatabase, statement: str, *values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - as psycopg2
        return stored.query(statement, *values)

    monkeypatch.setattr(ServingDatabase, "ensure", ensure)
    monkeypatch.setattr(ServingDatabase, "query", query)
    return stored


def test_rows_are_counted_in_a_database_that_may_not_exist_yet(database: Database) -> None:
    assert postgres.count_rows(SETTINGS, PINS) == 0

    database.tables["experimental_data"] = ["one", "two"]
    assert postgres.count_rows(SETTINGS, PINS) == 2
    assert (database.ensured, database.values) == (True, (["pin-1", "pin-2"],))


def test_mentions_are_counted_in_every_table(database: Database) -> None:
    database.tables = {
        "experimental_data": ["(pin-1,art)", "(pin-3,art)"],
        '"Odd name"': ["(x pin-2 y)", "(pin-1 pin-2)"],
        "loads": [],
    }

    assert postgres.count_mentions(SETTINGS, PINS) == 3


def test_a_database_without_tables_mentions_nothing(database: Database) -> None:
    assert postgres.count_mentions(SETTINGS, PINS) == 0


def test_an_erasure_is_recorded_under_its_own_query(database: Database) -> None:
    info = CommitInfo("run", "stream", Step.ERASE, datetime(2026, 1, 31, tzinfo=UTC), query="erase/run")

    postgres.erase_rows(SETTINGS, PINS, info)

    pins, query, counted, receipt = database.values
    assert (pins, query, counted) == (["pin-1", "pin-2"], "erase/run", "erase/run")
    assert parse(receipt) == info


class Session:
    """A connection that runs statements, of which one may fail."""

    autocommit = False

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.statements: list[tuple[bool, str]] = []
        self.closed = False

    def cursor(self) -> AbstractContextManager[Session]:
        return nullcontext(self)

    def close(self) -> None:
        self.closed = True

    def execute(self, statement: str) -> None:
        self.statements.append((self.autocommit, statement))
        if self.error and statement.startswith("VACUUM"):
            raise self.error


def test_a_table_is_rewritten_outside_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    monkeypatch.setattr(postgres, "connect", lambda _: session)

    postgres.rewrite_table(SETTINGS)

    assert session.statements == [
        (True, "SET lock_timeout = '30s'"),
        (True, "VACUUM (FULL) experimental_data"),
    ]
    assert session.closed


def test_a_table_that_another_transaction_holds_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(LockNotAvailable())
    monkeypatch.setattr(postgres, "connect", lambda _: session)

    with pytest.raises(
        TransientError,
        match=r"^another transaction has held experimental_data for 30 s \(db:5432/pins\)\. End that",
    ):
        postgres.rewrite_table(SETTINGS)
    assert session.closed
