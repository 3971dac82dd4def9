"""The schema of the serving database: it is asked for once, so that the caller decides how long to wait."""

from __future__ import annotations

from typing import NoReturn

import psycopg2
import pytest

from foundation.settings import PostgresSettings
from lakehouse.serving import schema


def test_a_server_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    databases: list[str | None] = []

    def refuse(_: PostgresSettings, *, database: str | None = None) -> NoReturn:
        databases.append(database)
        raise psycopg2.OperationalError("could not connect")

    monkeypatch.setattr(schema, "connect", refuse)

    with pytest.raises(psycopg2.OperationalError):
        schema.create_schema(PostgresSettings())
    assert databases == ["postgres"]
