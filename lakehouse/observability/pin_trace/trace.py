"""The trace of a pin from the API to Postgres, read from the tables of both lanes and their commit logs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from foundation.errors import UsageError
from foundation.landing_object import LandingObject, partition_prefix
from lakehouse.catalog.tables import BATCH, STREAM, Lane, Table
from lakehouse.observability.pin_trace.rows import COORDINATES, PinRows, Row, read_pin_rows
from lakehouse.observability.pin_trace.timeline import Entry, sort_entries
from lakehouse.query.history import Commit
from lakehouse.query.table_store import TableStore

ReadServedRow = Callable[[str], Row | None]


def parse_unique_id(text: str) -> str:
    """Return a pin's id as the tables spell it.

    Raises:
        UsageError: the text is not a UUID.
    """
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError:
        raise UsageError(
            f"{text!r} is not a UUID",
            where="unique_id",
            hint="Give the pin's unique_id: 32 hexadecimal digits in the form 8-4-4-4-12.",
        ) from None


def trace_pin(store: TableStore, unique_id: str, *, read_served_row: ReadServedRow) -> list[Entry]:
    """Return what happened to a pin, in order of time.

    Reads the pin's rows, the keys of bronze, all of quarantine, and one small object per commit in the logs:
    the cost follows the number of commits.

    Args:
        store: the bucket.
        unique_id: the pin, as `parse_unique_id` returns it.
        read_served_row: returns the pin's row in Postgres, None if there is none.

    Raises:
        UsageError: no table has a record of the pin.
        TransientError: a server does not answer.
    """
    entries = [
        entry
        for lane in (BATCH, STREAM)
        for entry in _LaneTrace(store, lane, read_pin_rows(store, lane, unique_id)).entries()
    ]
    row = read_served_row(unique_id)
    if row:
        entries.append(Entry(row["loaded_at"], STREAM.name, "Postgres", row))
    if not entries:
        raise UsageError(
            f"no record of pin {unique_id}",
            where=store.locations.tables,
            hint='`pinlake sql "SELECT unique_id FROM silver.pins_batch LIMIT 10"` lists ids of pins.',
        )
    return sort_entries(entries)


class _LaneTrace:
    """The trace of a pin through one lane."""

    def __init__(self, store: TableStore, lane: Lane, rows: PinRows) -> None:
        self._store = store
        self._lane = lane
        self._rows = rows

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of the lane, in no particular order."""
        refused = {_coordinates(row) for row in self._rows.refused}
        for record in self._rows.records:
            yield from self._arrival(record)
            if _coordinates(record) not in refused:
                yield from self._promotions(record["event_id"], self._silver_commit(record))
        for row in self._rows.refused:
            yield from self._refusal(row)
        if self._rows.records or self._rows.refused:
            yield from self._restores()

    def _arrival(self, record: Row) -> Iterator[Entry]:
        event = {"event_id": record["event_id"]}
        log = self._rows.logs[self._lane.bronze]
        yield Entry(record["received_at"], None, "received", event)
        if record["topic"] is not None:
            coordinates = {name: record[name] for name in COORDINATES}
            yield self._entry(record["kafka_timestamp"], "in Kafka", {**coordinates, **event})
            if self._lane is BATCH:
                yield from self._landing(record)
        commit = log.find_by_record(*_coordinates(record))
        yield self._entry(record["ingested_at"], "bronze", {**log.describe(commit), **event})

    def _landing(self, record: Row) -> Iterator[Entry]:
        """Yield the landing object that holds the record.

        Its name has the offsets; its folder is the day of its first record, which may be the day before.
        """
        for back in range(2):
            day = record["kafka_timestamp"] - timedelta(days=back)
            prefix = partition_prefix(f"{day:%Y-%m-%d}", record["topic"], record["partition"])
            for stored in self._store.list_objects(prefix):
                landing_object = LandingObject.parse(stored.key)
                if landing_object and record["offset"] in landing_object.offsets:
                    details = {"object": stored.key, "event_id": record["event_id"]}
                    yield self._entry(stored.at, "landed", details)
                    return

    def _silver_commit(self, record: Row) -> Commit | None:
        logs = self._rows.logs
        if self._lane is STREAM:
            return logs[self._lane.silver].find_by_record(*_coordinates(record))
        read = logs[self._lane.bronze].find_by_record(*_coordinates(record))
        return logs[self._lane.silver].find_by_source_version(read.version) if read else None

    def _promotions(self, event_id: str, commit: Commit | None) -> Iterator[Entry]:
        if commit is None:
            return
        yield self._promotion(self._lane.silver, commit, event_id, self._rows.silver)
        log = self._rows.logs[self._lane.features]
        info = commit.commit_info
        if info is None:
            return
        batch = self._lane is BATCH
        gold = log.find_by_source_version(commit.version) if batch else log.find_by_micro_batch(info)
        if gold:
            yield self._promotion(self._lane.features, gold, event_id, self._rows.features)

    def _refusal(self, row: Row) -> Iterator[Entry]:
        details = {name: row[name] for name in ("id", "layer", "reasons", "event_id")}
        yield self._entry(row["quarantined_at"], "refused", details)
        if row["changed_at"] > row["quarantined_at"]:
            what = "corrected" if row["state"] == "open" else row["state"]
            yield self._entry(row["changed_at"], what, {"id": row["id"], "note": row["note"]})
        if row["state"] == "replayed":
            replay = self._rows.logs[self._lane.silver].find_replay(row["changed_at"])
            yield from self._promotions(row["event_id"], replay)

    def _restores(self) -> Iterator[Entry]:
        for table in (self._lane.silver, self._lane.features):
            log = self._rows.logs[table]
            for commit in log.list_restores():
                restored = commit.commit_info.restored if commit.commit_info else None
                yield self._entry(commit.at, "restored", {**log.describe(commit), "restored": restored})

    def _promotion(self, table: Table, commit: Commit, event_id: str, rows: list[Row]) -> Entry:
        current = max((row["event_id"] for row in rows), default=None)
        state = (
            "stands" if current == event_id else f"superseded by {current}" if current else "no longer there"
        )
        details = self._rows.logs[table].describe(commit)
        return self._entry(commit.at, table.layer, {**details, "event_id": event_id, "now": state})

    def _entry(self, at: datetime, what: str, details: Row) -> Entry:
        return Entry(at, self._lane.name, what, details)


def _coordinates(row: Row) -> tuple[str | None, int | None, int | None]:
    return row["topic"], row["partition"], row["offset"]
