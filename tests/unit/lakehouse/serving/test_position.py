"""The position of the serving query, as the table `loads` holds it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, NoReturn

import psycopg2
import pytest

from foundation.errors import PinlakeError, TerminalError
from foundation.settings import PostgresSettings
from lakehouse.serving import position
from lakehouse.serving.position import ServingPosition, read_newest_of_others, read_offsets, read_position

Rows = list[tuple[Any, ...]]


def _answering(**answers: Rows) -> Callable[..., Rows]:
    """Return a server that gives these rows, by the name of the statement."""
    by_statement = {getattr(position, f"_{name}"): rows for name, rows in answers.items()}
    return lambda statement, *values: by_statement[statement]


def test_the_newest_load_holds_the_position_and_numbers_the_next() -> None:
    run = _answering(NEWEST=[(41, {"t": {"0": 7}})])

    assert read_position(run) == ServingPosition({"t": {"0": 7}}, next_load=42)


def test_before_the_first_load_the_receipts_of_older_ones_count() -> None:
    run = _answering(NEWEST=[], RECEIPTS=[("t", "0", 7), ("t", "1", 3), ("u", "0", 1)])

    assert read_position(run) == ServingPosition({"t": {"0": 7, "1": 3}, "u": {"0": 1}}, next_load=0)


def test_without_any_load_there_is_no_position() -> None:
    run = _answering(NEWEST=[], RECEIPTS=[], NEWEST_OF_OTHERS=[])

    assert read_position(run) == ServingPosition()
    assert read_newest_of_others(run) is None


def test_the_newest_load_of_an_older_version_is_named() -> None:
    assert read_newest_of_others(_answering(NEWEST_OF_OTHERS=[("id", 8)])) == ("id", 8)


@pytest.mark.parametrize(
    "error",
    [psycopg2.OperationalError("away"), TerminalError("the user is rejected", where="there", hint="Set it.")],
)
def test_a_server_that_does_not_answer_gives_no_position(
    error: psycopg2.Error | PinlakeError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: PostgresSettings) -> NoReturn:
        raise error

    monkeypatch.setattr(position, "connect", refuse)

    assert read_offsets(PostgresSettings()) is None


def test_the_offsets_are_read_in_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    class Session:
        @contextmanager
        def cursor(self) -> Any:  # noqa: ANN401 - a cursor of psycopg2
            yield self

        def execute(self, statement: str, values: tuple[object, ...]) -> None:
            assert (statement, values) == (position._NEWEST, ("serving",))

        def fetchall(self) -> Rows:
            return [(3, {"t": {"0": 7}})]

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr(position, "connect", lambda _: Session())

    assert read_offsets(PostgresSettings()) == {"t": {"0": 7}}
    assert closed == [True]
