"""Errors of Postgres connections, by the texts of libpq."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import psycopg2
import pytest
from pydantic import SecretStr

from foundation import postgres
from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.settings import PostgresSettings

SETTINGS = PostgresSettings(host="db", port=5433, user="who", password=SecretStr("secret"), database="pins")
REFUSED = (
    'connection to server at "db" (::1), port 5433 failed: Connection refused\n'
    "\tIs the server running on that host and accepting TCP/IP connections?\n"
)
FATAL = 'connection to server at "db" (127.0.0.1), port 5433 failed: FATAL:  '
NO_DATABASE = f'{FATAL}database "pins" does not exist\n'


class Session:
    """A connection, which is its own cursor, to a server that may fail a query."""

    def __init__(self, failure: str | None = None) -> None:
        self.failure = failure
        self.is_open = True

    def cursor(self) -> AbstractContextManager[Session]:
        return nullcontext(self)

    def execute(self, statement: str) -> None:
        assert self.is_open
        if self.failure is not None:
            raise psycopg2.OperationalError(self.failure)

    def close(self) -> None:
        self.is_open = False


def _answer(monkeypatch: pytest.MonkeyPatch, answer: Session | str) -> dict[str, Any]:
    """Let the server answer every connection; return what the last one asked for."""
    arguments: dict[str, Any] = {}

    def connect(**options: Any) -> Session:  # noqa: ANN401 - as psycopg2 takes them
        arguments.update(options)
        if isinstance(answer, str):
            raise psycopg2.OperationalError(answer)
        return answer

    monkeypatch.setattr(psycopg2, "connect", connect)
    return arguments


@pytest.mark.parametrize(("database", "expected"), [(None, "pins"), ("other", "other")])
def test_a_connection_is_to_the_configured_database_or_to_another(
    database: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = _answer(monkeypatch, Session())

    postgres.connect(SETTINGS, database=database, seconds=2)

    assert arguments == {
        "host": "db",
        "port": 5433,
        "user": "who",
        "password": "secret",
        "dbname": expected,
        "connect_timeout": 2,
        "application_name": "pinlake",
    }


def test_without_a_password_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = _answer(monkeypatch, Session())

    postgres.connect(SETTINGS.model_copy(update={"password": None}))

    assert arguments["password"] is None


@pytest.mark.parametrize(
    "text",
    [
        f'{FATAL}password authentication failed for user "who"\n',
        "fe_sendauth: no password supplied\n",
        # A server that trusts the host looks the role up only after that.
        f'{FATAL}role "who" does not exist\n',
        f'{FATAL}role "who" is not permitted to log in\n',
        REFUSED + f'{FATAL}role "who" does not exist\n',
    ],
)
def test_a_rejected_user_is_named_without_the_password(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, text)

    for ask in (postgres.connect, postgres.require_database):
        with pytest.raises(TerminalError) as raised:
            ask(SETTINGS)
        assert str(raised.value) == (
            "Postgres rejects the user or the password (db:5433, user who). "
            "Correct PINLAKE_POSTGRES_USER and PINLAKE_POSTGRES_PASSWORD."
        )


def test_a_server_that_is_away_is_left_to_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, REFUSED)

    with pytest.raises(psycopg2.OperationalError, match="Connection refused"):
        postgres.connect(SETTINGS)


# A name with several addresses gives one paragraph for each.
@pytest.mark.parametrize("text", [NO_DATABASE, REFUSED + NO_DATABASE])
def test_a_missing_database_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, text)

    with pytest.raises(ConfigurationError, match=r"^missing database: pins \(db:5433.*pinlake init"):
        postgres.require_database(SETTINGS)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (REFUSED, 'connection to server at "db" (::1), port 5433 failed: Connection refused'),
        ("", "no reason given"),
        (Session("server closed the connection unexpectedly\n\tThis probably means"), "server closed the"),
    ],
)
def test_a_server_that_does_not_answer_may_be_tried_again(
    answer: Session | str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(monkeypatch, answer)

    with pytest.raises(TransientError) as raised:
        postgres.require_database(SETTINGS)
    assert raised.value.what.startswith(f"Postgres does not answer: {reason}")
    assert "\n" not in str(raised.value)
    assert "PINLAKE_POSTGRES_HOST" in raised.value.hint


@pytest.mark.parametrize("failure", [None, "terminating connection"])
def test_the_connection_of_the_check_is_closed(failure: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(failure)
    _answer(monkeypatch, session)

    try:
        postgres.require_database(SETTINGS)
    except TransientError:
        assert failure
    assert not session.is_open
