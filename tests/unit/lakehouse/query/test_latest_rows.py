"""The newest row of each pin in DuckDB: chosen before any condition but one on the pin is applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from arro3.core import Array, DataType, Field, Schema, Table
from deltalake import write_deltalake

from lakehouse.catalog.tables import STREAM
from lakehouse.query.duckdb_engine import run
from tests.local_store import LocalStore

HISTORY, LATEST = STREAM.silver.full_name, STREAM.silver.latest_name
_SCHEMA = Schema([Field(name, DataType.utf8()) for name in ("unique_id", "event_id", "title")])
VERSIONS = [[("a", "1", "old"), ("b", "2", "b")], [("a", "4", "new")], [("a", "3", "late")]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    """A history of three versions; the last adds an event that is older than one before it."""
    local = LocalStore(tmp_path_factory.mktemp("lake"))
    path = Path(local.table_url(STREAM.silver))
    path.mkdir(parents=True)
    for rows in VERSIONS:
        columns = [Array(list(values), DataType.utf8()) for values in zip(*rows, strict=True)]
        write_deltalake(str(path), Table.from_arrays(columns, schema=_SCHEMA), mode="append")
    return local


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT unique_id, title FROM {latest} ORDER BY unique_id", [("a", "new"), ("b", "b")]),
        ("SELECT count(*) FROM {latest}", [(2,)]),
        ("SELECT count(*) FROM {history}", [(4,)]),
        ("SELECT * FROM {latest} WHERE unique_id = 'a'", [("a", "4", "new")]),
        # The newest row of the pin has another title.
        ("SELECT * FROM {latest} WHERE title = 'old'", []),
        ("SELECT * FROM {latest} WHERE event_id < '3'", [("b", "2", "b")]),
        ("SELECT title FROM {latest} VERSION AS OF 0 WHERE unique_id = 'a'", [("old",)]),
        ("SELECT title FROM {latest} TIMESTAMP AS OF '2100-01-01' WHERE unique_id = 'a'", [("new",)]),
        (
            "SELECT h.title, n.title FROM {history} h JOIN {latest} AS n USING (unique_id) "
            "ORDER BY h.event_id",
            [("old", "new"), ("b", "b"), ("late", "new"), ("new", "new")],
        ),
        (
            "SELECT o.title, n.title FROM {latest} VERSION AS OF 0 o JOIN {latest} n "
            "ON o.unique_id = n.unique_id AND o.event_id < n.event_id",
            [("old", "new")],
        ),
        ("SELECT {latest}.title FROM {latest} WHERE {latest}.unique_id = 'b'", [("b",)]),
        ("WITH few AS (SELECT * FROM {latest}) SELECT max(title) FROM few", [("new",)]),
    ],
)
def test_the_newest_row_of_each_pin_is_one_name_away(
    statement: str, rows: list[tuple[object, ...]], store: LocalStore
) -> None:
    result = run(store, statement.format(history=HISTORY, latest=LATEST))

    assert list(result.rows) == rows
