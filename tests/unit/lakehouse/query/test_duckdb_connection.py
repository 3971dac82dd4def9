"""Connections to DuckDB: in UTC, without access to anything else once they are locked down."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from arro3.core import Array, DataType, Field, RecordBatchReader, Schema, Table
from duckdb import DuckDBPyConnection
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.query.duckdb_connection import connect, fetch_rows, load_into, lock_down, quote_identifier

# DuckDB's names are C strings.
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@pytest.fixture(scope="module")
def shared_connection() -> DuckDBPyConnection:
    return connect()


def _reader(*numbers: int) -> RecordBatchReader:
    schema = Schema([Field("number", DataType.int64())])
    return Table.from_arrays([Array(list(numbers), DataType.int64())], schema=schema).to_reader()


def test_times_are_utc() -> None:
    ((at,),) = connect().execute("SELECT TIMESTAMPTZ '2026-03-01 12:00:00'").fetchall()

    assert at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_stream_is_read_once_and_its_table_many_times() -> None:
    connection = connect()

    load_into(connection, 'read "0"', _reader(1, 2))
    load_into(connection, "read 1", _reader(3))

    statement = 'SELECT * FROM "read ""0""" UNION ALL SELECT * FROM "read ""0""" ORDER BY 1'
    assert connection.execute(statement).fetchall() == [(1,), (1,), (2,), (2,)]
    with pytest.raises(duckdb.CatalogException, match="incoming"):
        connection.execute("SELECT * FROM incoming")


def test_a_failed_load_leaves_no_stream_behind() -> None:
    connection = connect()
    load_into(connection, "t", _reader(1))

    with pytest.raises(duckdb.CatalogException, match="already exists"):
        load_into(connection, "t", _reader(2))

    with pytest.raises(duckdb.CatalogException, match="incoming"):
        connection.execute("SELECT * FROM incoming")
    assert fetch_rows(connection, "SELECT * FROM t") == [{"number": 1}]


def test_a_locked_connection_reaches_no_files_and_stays_locked(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    connection = connect()
    assert connection.execute(f"SELECT * FROM '{secret}'").fetchall() == [(1,)]

    lock_down(connection)

    for statement in (
        f"SELECT * FROM '{secret}'",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_rows_are_dictionaries_and_values_are_bound() -> None:
    text = "'; DROP TABLE t; --"

    assert fetch_rows(connect(), "SELECT ? AS a, 2 AS b", [text]) == [{"a": text, "b": 2}]
    assert fetch_rows(connect(), "SELECT 1 AS a WHERE false") == []


@given(NAMES)
def test_a_quoted_identifier_is_the_name_itself(shared_connection: DuckDBPyConnection, name: str) -> None:
    (row,) = fetch_rows(shared_connection, f"SELECT 1 AS {quote_identifier(name)}")

    assert list(row) == [name]
