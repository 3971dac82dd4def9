"""Everything that one lane's tables hold of one pin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from lakehouse.catalog.errors import TableNotFoundError
from lakehouse.catalog.tables import Lane, Table
from lakehouse.observability.pin_trace.timeline import Log
from lakehouse.query import duckdb_connection, time_travel
from lakehouse.query.history import read_commits
from lakehouse.query.table_reader import TableStore
from lakehouse.query.time_travel import TableVersion

PLACE = ("topic", "partition", "offset")
_RECORD = ["event_id", "received_at", *PLACE, "kafka_timestamp", "ingested_at"]
_REFUSED = [
    "id",
    "layer",
    "reasons",
    "value",
    "event_id",
    *PLACE,
    "quarantined_at",
    "state",
    "note",
    "changed_at",
]

Row = dict[str, Any]


@dataclass(frozen=True)
class PinRows:
    """What a lane holds.

    Attributes:
        records: bronze rows of the pin, without the bytes.
        refused: quarantine rows whose value speaks of it.
        silver: its row; None if there is none.
        features: its row in gold; None if there is none.
        logs: of the lane's tables.
    """

    records: list[Row]
    refused: list[Row]
    silver: Row | None
    features: Row | None
    logs: dict[Table, Log]


def gather(store: TableStore, lane: Lane, unique_id: str) -> PinRows:
    """Read what a lane holds of a pin.

    Of silver and gold only files are read that may hold it; of bronze the keys; quarantine whole.

    Raises:
        TransientError: the store does not answer.
    """
    reader = _Reader(store, duckdb_connection.connect())
    own = f"\"unique_id\" = '{unique_id}'"
    silver = reader.rows(lane.silver, ["unique_id", "event_id", *PLACE, "updated_at"], own)
    features = reader.rows(lane.features, ["unique_id", "event_id"], own)
    # Its spelling is the client's in quarantine, where nothing has been parsed.
    refused = reader.rows(
        lane.quarantine, _REFUSED, None, f"contains(lower(CAST(value AS VARCHAR)), '{unique_id}')"
    )
    records = reader.rows(lane.bronze, [*_RECORD, "key"], _records(unique_id, [*silver, *refused]))
    logs = {table: reader.log(table) for table in lane.tables}
    return PinRows(records, refused, silver[0] if silver else None, features[0] if features else None, logs)


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

    def log(self, table: Table) -> Log:
        newest = self._newest(table)
        return Log(table.full_name, read_commits(newest.log) if newest else [])

    def _newest(self, table: Table) -> TableVersion | None:
        if table not in self._opened:
            try:
                self._opened[table] = time_travel.table_at(self._store, table)
            except TableNotFoundError:
                self._opened[table] = None
        return self._opened[table]


def _records(unique_id: str, others: Sequence[Row]) -> str:
    """Select bronze rows by key, and those that came without one by where they are in Kafka."""
    spelled = (unique_id, unique_id.upper())
    keys = ", ".join(f"X'{text.encode().hex()}'" for text in spelled)
    places = {tuple(row[name] for name in PLACE) for row in others if row["topic"] is not None}
    by_place = [
        f'("topic" = \'{topic}\' AND "partition" = {partition} AND "offset" = {offset})'
        for topic, partition, offset in sorted(places)
    ]
    return " OR ".join([f'"key" IN ({keys})', *by_place])
