"""Connections to DuckDB: in memory, in UTC, loaded from Arrow streams, without access to anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from arro3.core import RecordBatchReader
    from duckdb import DuckDBPyConnection


def connect() -> DuckDBPyConnection:
    """Open a new in-memory database, which ends with its connection."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def load_into(connection: DuckDBPyConnection, name: str, reader: RecordBatchReader) -> None:
    """Create a table from a reader. A query may scan a table several times, but a reader only once."""
    # The bare stream, because for any other Arrow object DuckDB imports pyarrow if it is installed.
    connection.register("incoming", reader.__arrow_c_stream__())
    try:
        connection.execute(f"CREATE TABLE {quote_identifier(name)} AS SELECT * FROM incoming")
    finally:
        connection.unregister("incoming")


def lock_down(connection: DuckDBPyConnection) -> DuckDBPyConnection:
    """Forbid later statements to reach files or the network, or to change these settings."""
    connection.execute("SET enable_external_access = false")
    return connection.execute("SET lock_configuration = true")


def fetch_rows(
    connection: DuckDBPyConnection, query: str, values: Sequence[object] = ()
) -> list[dict[str, Any]]:
    """Return the rows of a query, one dictionary per row."""
    result = connection.execute(query, list(values))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def quote_identifier(name: str) -> str:
    """Return an identifier in double quotes, as SQL needs it."""
    return '"' + name.replace('"', '""') + '"'
