"""DuckDB as it is used here: in memory, in UTC, filled from Arrow streams, and nothing else in reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from arro3.core import RecordBatchReader
    from duckdb import DuckDBPyConnection


def connect() -> DuckDBPyConnection:
    """Open a database of its own that ends with its connection."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def load_into(connection: DuckDBPyConnection, name: str, reader: RecordBatchReader) -> None:
    """Make a table of all that a reader yields: a query may look at it more than once, at a reader not."""
    # The bare stream: for any other Arrow object DuckDB would import pyarrow where that is installed.
    connection.register("incoming", reader.__arrow_c_stream__())
    try:
        connection.execute(f"CREATE TABLE {quote_identifier(name)} AS SELECT * FROM incoming")
    finally:
        connection.unregister("incoming")


def lock_down(connection: DuckDBPyConnection) -> DuckDBPyConnection:
    """Let nothing that is run from here on reach files, the network, or these settings."""
    connection.execute("SET enable_external_access = false")
    return connection.execute("SET lock_configuration = true")


def fetch_rows(
    connection: DuckDBPyConnection, query: str, values: Sequence[object] = ()
) -> list[dict[str, Any]]:
    """Return what a query finds, a dictionary a row."""
    found = connection.execute(query, list(values))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def quote_identifier(name: str) -> str:
    """Return an identifier as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
