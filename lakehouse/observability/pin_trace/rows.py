"""The rows of one pin in the tables of one lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from lakehouse.catalog.errors import TableNotFoundError
from lakehouse.catalog.tables import Lane, Table
from lakehouse.observability.pin_trace.timeline import CommitLog
from lakehouse.query import duckdb_connection, time_travel
from lakehouse.query.history import read_commits
from lakehouse.query.table_store import TableStore
from lakehouse.query.time_travel import TableVersion

COORDINATES = ("topic", "partition", "offset")
_BRONZE_COLUMNS = ["event_id", "received_at", *COORDINATES, "kafka_timestamp", "ingested_at"]
_QUARANTINE_COLUMNS = [
    "id",
    "layer",
    "reasons",
    "value",
    "event_id",
    *COORDINATES,
    "quarantined_at",
    "state",
    "note",
    "changed_at",
]

Row = dict[str, Any]


@dataclass(frozen=True)
class PinRows:
    """The rows of a pin in one lane.

    Attributes:
        records: bronze rows, without the value's bytes.
        refused: quarantine rows whose value mentions the pin.
        silver: the rows in silver: of the stream lane one per event, of the batch lane at most one.
        features: the rows in gold, likewise.
        logs: the commits of the lane's tables.
    """

    records: list[Row]
    refused: list[Row]
    silver: list[Row]
    features: list[Row]
    logs: dict[Table, CommitLog]


def read_pin_rows(store: TableStore, lane: Lane, unique_id: str) -> PinRows:
    """Read the rows of a pin in one lane.

    Reads only files of silver and gold that may hold the pin, the keys of bronze, and all of quarantine.

    Args:
        store: the bucket.
        lane: the lane.
        unique_id: the pin, in lower case.

    Raises:
        TransientError: the store does not answer.
    """
    reader = _Reader(store, duckdb_connection.connect())
    same_pin = f"\"unique_id\" = '{unique_id}'"
    silver = reader.rows(lane.silver, ["unique_id", "event_id", *COORDINATES, "updated_at"], same_pin)
    features = reader.rows(lane.features, ["unique_id", "event_id"], same_pin)
    # Quarantined values are not parsed: the id is spelled there as the client spelled it.
    refused = reader.rows(
        lane.quarantine, _QUARANTINE_COLUMNS, None, f"contains(lower(CAST(value AS VARCHAR)), '{unique_id}')"
    )
    records = reader.rows(
        lane.bronze, [*_BRONZE_COLUMNS, "key"], _record_predicate(unique_id, [*silver, *refused])
    )
    logs = {table: reader.log(table) for table in lane.tables}
    return PinRows(records, refused, silver, features, logs)


class _Reader:
    def __init__(self, store: TableStore, connection: DuckDBPyConnection) -> None:
        self._store = store
        self._connection = connection
        self._opened: dict[Table, TableVersion | None] = {}

    def rows(self, table: Table, columns: list[str], predicate: str | None, where: str = "true") -> list[Row]:
        newest = self._newest(table)
        if newest is None:
            return []
        newest.load_into(self._connection, table.full_name, columns=columns, predicate=predicate)
        return duckdb_connection.fetch_rows(
            self._connection,
            f"SELECT * FROM {duckdb_connection.quote_identifier(table.full_name)} WHERE {where}",
        )

    def log(self, table: Table) -> CommitLog:
        newest = self._newest(table)
        return CommitLog(table.full_name, read_commits(newest.log) if newest else [])

    def _newest(self, table: Table) -> TableVersion | None:
        if table not in self._opened:
            try:
                self._opened[table] = time_travel.table_at(self._store, table)
            except TableNotFoundError:
                self._opened[table] = None
        return self._opened[table]


def _record_predicate(unique_id: str, others: Sequence[Row]) -> str:
    """Return the condition on bronze: the pin's key, or the Kafka coordinates of its other rows.

    A record without a key is found only by its coordinates.
    """
    spellings = (unique_id, unique_id.upper())
    keys = ", ".join(f"X'{text.encode().hex()}'" for text in spellings)
    coordinates = {tuple(row[name] for name in COORDINATES) for row in others if row["topic"] is not None}
    by_coordinates = [
        f'("topic" = {_quoted(topic)} AND "partition" = {partition} AND "offset" = {offset})'
        for topic, partition, offset in sorted(coordinates)
    ]
    return " OR ".join([f'"key" IN ({keys})', *by_coordinates])


def _quoted(text: str) -> str:
    """Return text as an SQL literal: the topic in a landing line may contain quotes."""
    return "'" + text.replace("'", "''") + "'"
