"""A pin's rows are found whatever text its records carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from arro3.core import Array, DataType, Field, Schema, Table
from deltalake import write_deltalake

from lakehouse.catalog.tables import BATCH
from lakehouse.catalog.tables import Table as Named
from lakehouse.observability.pin_trace.rows import read_pin_rows
from tests.local_store import LocalStore

PIN = "0190163d-8694-739b-aea5-966c26f8ad90"
QUOTED = "a 'topic' OR true --"


def test_a_topic_with_quotes_is_text_and_not_sql(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    refused = ("id", "layer", "reasons", "value", "event_id", "quarantined_at", "state", "note", "changed_at")
    _write(store, BATCH.quarantine, [dict.fromkeys(refused, PIN) | {"topic": QUOTED, "offset": 7}])
    record = ("event_id", "received_at", "kafka_timestamp", "ingested_at", "key")
    records = [{"topic": QUOTED, "offset": 7}, {"topic": QUOTED, "offset": 8}, {"topic": "a", "offset": 7}]
    _write(store, BATCH.bronze, [dict.fromkeys(record, "other") | each for each in records])

    rows = read_pin_rows(store, BATCH, PIN)

    assert [(row["topic"], row["offset"]) for row in rows.records] == [(QUOTED, 7)]
    assert len(rows.refused) == 1


def _write(store: LocalStore, table: Named, rows: Sequence[Mapping[str, object]]) -> None:
    columns = {name: DataType.utf8() for name in rows[0]} | {"offset": DataType.int64()}
    columns["partition"] = DataType.int64()
    columns |= {name: DataType.binary() for name in ("key", "value") if name in columns}
    arrays = [Array([_cell(row.get(name, 0), kind) for row in rows], kind) for name, kind in columns.items()]
    path = Path(store.table_url(table))
    path.mkdir(parents=True)
    schema = Schema([Field(name, kind) for name, kind in columns.items()])
    write_deltalake(str(path), Table.from_arrays(arrays, schema=schema))


def _cell(value: object, kind: DataType) -> object:
    return value.encode() if isinstance(value, str) and kind == DataType.binary() else value
