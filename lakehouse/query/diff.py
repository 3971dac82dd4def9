"""Comparison of two versions of a table: rows added, removed and changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
from deltalake.exceptions import DeltaError
from duckdb import DuckDBPyConnection

from foundation.errors import UsageError
from lakehouse.query import duckdb_connection
from lakehouse.query.duckdb_connection import fetch_rows, quote_identifier
from lakehouse.query.time_travel import TableVersion

FEED, COMPARISON = "change feed", "comparison"
_FEED_COLUMNS = ("_change_type", "_commit_version", "_commit_timestamp")
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class RowDiff:
    """A row that differs between two versions.

    Attributes:
        kind: added, removed or changed.
        key: the values of the key columns; empty if there is no key.
        values: the other columns of an added or removed row; for a changed row the columns that differ, each
            with its old and new value.
    """

    kind: Kind
    key: dict[str, Any]
    values: dict[str, Any]


@dataclass(frozen=True)
class TableDiff:
    """The difference between two versions of a table.

    Attributes:
        table: the table's full name.
        old: the number of the old version.
        new: the number of the new version.
        source: FEED if the change feed was read, COMPARISON if all rows were compared.
        key: the columns that identify a row.
        added: rows that only the new version has.
        removed: rows that only the old version has.
        changed: rows that both versions have, with differing columns.
        rows: the first rows of each kind.
    """

    table: str
    old: int
    new: int
    source: str
    key: tuple[str, ...]
    added: int
    removed: int
    changed: int
    rows: list[RowDiff] = field(default_factory=list)


def compare_versions(
    old: TableVersion, new: TableVersion, *, key: Sequence[str] = (), limit: int = 0
) -> TableDiff:
    """Compare two versions of a table.

    With a change feed and the table's own key, only the changes between the versions are read; otherwise all
    rows of both versions are loaded into memory.

    Args:
        old: the version to compare from; it may be the later one.
        new: the version to compare with.
        key: columns that identify a row; by default the table's own. Without a key, whole rows are compared.
        limit: how many rows of each kind to return.

    Raises:
        UsageError: a column does not exist, the key does not identify a row, or a version has been vacuumed.
        TransientError: the object store does not answer.
    """
    key = _require_columns(key or old.table.key, old, new)
    source = COMPARISON
    if old.number == new.number:
        return TableDiff(old.table.full_name, old.number, new.number, source, key, 0, 0, 0)
    connection = duckdb_connection.connect()
    if key == old.table.key and _load_feed(connection, old, new, key):
        source = FEED
    else:
        for name, version in (("old", old), ("new", new)):
            version.load_into(connection, name)
            _require_unique(connection, name, key, version)
    sides = _Sides(connection, key, _other_columns(old, new, key))
    counts = {kind: sides.count(kind) for kind in ("added", "removed", "changed")}
    rows = (
        [row for kind in ("changed", "added", "removed") for row in sides.rows(kind, limit)] if limit else []
    )
    return TableDiff(old.table.full_name, old.number, new.number, source, key, **counts, rows=rows)


class _Sides:
    """The tables `old` and `new` of a DuckDB database."""

    def __init__(self, connection: DuckDBPyConnection, key: tuple[str, ...], others: list[str]) -> None:
        self._connection = connection
        self._key = key
        self._others = others
        for name in ("old", "new"):
            self._complete(name)

    def count(self, kind: Kind) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM ({self._query(kind)})").fetchone()
        return int(row[0]) if row else 0

    def rows(self, kind: Kind, limit: int) -> Iterator[RowDiff]:
        order = ", ".join(quote_identifier(name) for name in self._key) or "ALL"
        for row in fetch_rows(
            self._connection, f"SELECT * FROM ({self._query(kind)}) ORDER BY {order} LIMIT {limit}"
        ):
            key = {name: row[name] for name in self._key}
            if kind == "changed":
                pairs = {name: (row[f"old {name}"], row[f"new {name}"]) for name in self._others}
                values = {name: {"old": a, "new": b} for name, (a, b) in pairs.items() if a != b}
            else:
                values = {name: row[name] for name in self._others}
            yield RowDiff(kind, key, values)

    def _query(self, kind: Kind) -> str:
        if kind == "changed":
            return self._changed()
        here, there = ("new", "old") if kind == "added" else ("old", "new")
        if not self._key:
            return f"SELECT * FROM {here} EXCEPT ALL SELECT * FROM {there}"
        return f"SELECT * FROM {here} ANTI JOIN {there} ON {_same(self._key, here, there)}"

    def _changed(self) -> str:
        keys = [f"old.{quote_identifier(name)}" for name in self._key]
        both = [
            f"{side}.{quote_identifier(name)} AS {quote_identifier(f'{side} {name}')}"
            for name in self._others
            for side in ("old", "new")
        ]
        differs = [
            f"old.{quote_identifier(name)} IS DISTINCT FROM new.{quote_identifier(name)}"
            for name in self._others
        ]
        if not self._key or not differs:
            return "SELECT 1 WHERE false"
        return (
            f"SELECT {', '.join([*keys, *both])} FROM old JOIN new ON {_same(self._key, 'old', 'new')} "
            f"WHERE {' OR '.join(differs)}"
        )

    def _complete(self, name: str) -> None:
        """Add the columns that only the other side has, as nulls, and give both sides the same order."""
        present = {row["column_name"] for row in fetch_rows(self._connection, f"DESCRIBE {name}")}
        columns = [
            quote_identifier(column) if column in present else f"NULL AS {quote_identifier(column)}"
            for column in (*self._key, *self._others)
        ]
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {', '.join(columns)} FROM {name}")


def _load_feed(
    connection: DuckDBPyConnection, old: TableVersion, new: TableVersion, key: tuple[str, ...]
) -> bool:
    """Load the old and new rows of every key that changed; return False if the change feed lacks them."""
    earlier, later = sorted((old, new), key=lambda version: version.number)
    if later.log.metadata().configuration.get("delta.enableChangeDataFeed") != "true":
        return False
    try:
        feed = later.log.load_cdf(starting_version=earlier.number + 1, ending_version=later.number)
        duckdb_connection.load_into(connection, "feed", feed)
    except (DeltaError, duckdb.Error, OSError):
        return False  # vacuumed, or off for some time: the versions themselves may still be readable
    keys = ", ".join(quote_identifier(name) for name in key)
    feed_columns = ", ".join(_FEED_COLUMNS)
    for name, kinds, edge in (
        ("old" if earlier is old else "new", "'delete', 'update_preimage'", "min"),
        ("new" if earlier is old else "old", "'insert', 'update_postimage'", "max"),
    ):
        connection.execute(
            f"CREATE TABLE {name} AS SELECT * EXCLUDE ({feed_columns}, edge) FROM (SELECT *, "
            f"{edge}(_commit_version) OVER (PARTITION BY {keys}) AS edge FROM feed) "
            f"WHERE _commit_version = edge AND _change_type IN ({kinds})"
        )
    return True


def _require_columns(key: Sequence[str], old: TableVersion, new: TableVersion) -> tuple[str, ...]:
    shared = [name for name in new.columns if name in old.columns]
    unknown = [name for name in key if name not in shared]
    if unknown:
        raise UsageError(
            f"no column {unknown[0]!r} in both versions",
            where="--key",
            hint=f"There are: {', '.join(shared)}.",
        )
    return tuple(key)


def _other_columns(old: TableVersion, new: TableVersion, key: tuple[str, ...]) -> list[str]:
    return [name for name in dict.fromkeys((*new.columns, *old.columns)) if name not in key]


def _require_unique(
    connection: DuckDBPyConnection, name: str, key: tuple[str, ...], version: TableVersion
) -> None:
    if not key:
        return
    keys = ", ".join(quote_identifier(column) for column in key)
    duplicates = fetch_rows(connection, f"SELECT {keys} FROM {name} GROUP BY ALL HAVING count(*) > 1 LIMIT 1")
    if duplicates:
        values = ", ".join(map(repr, duplicates[0].values()))
        raise UsageError(
            f"{', '.join(key)} does not identify a row: several rows have {values}",
            where=f"version {version.number} of {version.table.full_name}",
            hint="Give more columns, such as --key a,b.",
        )


def _same(key: tuple[str, ...], here: str, there: str) -> str:
    return " AND ".join(
        f"{here}.{quote_identifier(name)} IS NOT DISTINCT FROM {there}.{quote_identifier(name)}"
        for name in key
    )
