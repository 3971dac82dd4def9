"""A pin's whole story, from the door to Postgres, as the tables of both lanes and their logs tell it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from foundation.errors import UsageError
from foundation.landing_object import LandingObject, partition_prefix
from lakehouse.catalog.tables import BATCH, STREAM, Lane, Table
from lakehouse.observability.pin_trace import rows as pin
from lakehouse.observability.pin_trace.rows import PinRows, Row
from lakehouse.observability.pin_trace.timeline import Entry, in_order
from lakehouse.query.history import Commit
from lakehouse.query.table_reader import TableStore

Served = Callable[[str], Row | None]


def canonical(text: str) -> str:
    """Return a pin's id as the tables spell it.

    Raises:
        UsageError: it is no UUID.
    """
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError:
        raise UsageError(
            f"{text!r} is no UUID",
            where="unique_id",
            hint="Give the pin's unique_id: 32 hexadecimal digits in the form 8-4-4-4-12.",
        ) from None


def tell(store: TableStore, unique_id: str, *, served: Served) -> list[Entry]:
    """Return what happened to a pin, in order of time.

    Reads the pin's own rows, the keys of bronze, quarantine whole, and one small object for each commit that
    the logs still hold: the cost follows the number of commits.

    Args:
        store: where the tables are.
        unique_id: the pin, as `canonical` spells it.
        served: asks Postgres for its row.

    Raises:
        UsageError: nothing is known of it.
        TransientError: a server does not answer.
    """
    entries = [
        entry
        for lane in (BATCH, STREAM)
        for entry in _LaneStory(store, lane, pin.gather(store, lane, unique_id)).entries()
    ]
    row = served(unique_id)
    if row:
        entries.append(Entry(row["loaded_at"], STREAM.name, "Postgres", row))
    if not entries:
        raise UsageError(
            f"nothing is known of pin {unique_id}",
            where=store.locations.tables,
            hint='`pinlake sql "SELECT unique_id FROM silver.pins_batch LIMIT 10"` names some that are.',
        )
    return in_order(entries)


class _LaneStory:
    """What one lane tells."""

    def __init__(self, store: TableStore, lane: Lane, rows: PinRows) -> None:
        self._store = store
        self._lane = lane
        self._rows = rows

    def entries(self) -> Iterator[Entry]:
        refused = {_place(row) for row in self._rows.refused}
        for record in self._rows.records:
            yield from self._arrival(record)
            if _place(record) not in refused:
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
            place = {name: record[name] for name in pin.PLACE}
            yield self._entry(record["kafka_timestamp"], "in Kafka", {**place, **event})
            if self._lane is BATCH:
                yield from self._landing(record)
        yield self._entry(
            record["ingested_at"], "bronze", {**log.told(log.of_record(*_place(record))), **event}
        )

    def _landing(self, record: Row) -> Iterator[Entry]:
        """Look for the object whose name says that it holds it: it lies under the day of its first record."""
        for back in range(2):
            day = record["kafka_timestamp"] - timedelta(days=back)
            prefix = partition_prefix(f"{day:%Y-%m-%d}", record["topic"], record["partition"])
            for found in self._store.list_objects(prefix):
                landed = LandingObject.parse(found.key)
                if landed and record["offset"] in landed.offsets:
                    yield self._entry(
                        found.at, "landed", {"object": found.key, "event_id": record["event_id"]}
                    )
                    return

    def _silver_commit(self, record: Row) -> Commit | None:
        logs = self._rows.logs
        if self._lane is STREAM:
            return logs[self._lane.silver].of_record(*_place(record))
        read = logs[self._lane.bronze].of_record(*_place(record))
        return logs[self._lane.silver].of_version(read.version) if read else None

    def _promotions(self, event_id: str, commit: Commit | None) -> Iterator[Entry]:
        if commit is None:
            return
        yield self._kept(self._lane.silver, commit, event_id, self._rows.silver)
        log = self._rows.logs[self._lane.features]
        info = commit.commit_info
        if info is None:
            return
        batch = self._lane is BATCH
        gold = log.of_version(commit.version) if batch else log.of_micro_batch(info)
        if gold:
            yield self._kept(self._lane.features, gold, event_id, self._rows.features)

    def _refusal(self, row: Row) -> Iterator[Entry]:
        known = {name: row[name] for name in ("id", "layer", "reasons", "event_id")}
        yield self._entry(row["quarantined_at"], "refused", known)
        if row["changed_at"] > row["quarantined_at"]:
            what = "corrected" if row["state"] == "open" else row["state"]
            yield self._entry(row["changed_at"], what, {"id": row["id"], "note": row["note"]})
        if row["state"] == "replayed":
            replay = self._rows.logs[self._lane.silver].of_replay(row["changed_at"])
            yield from self._promotions(row["event_id"], replay)

    def _restores(self) -> Iterator[Entry]:
        for table in (self._lane.silver, self._lane.features):
            log = self._rows.logs[table]
            for commit in log.restores():
                restored = commit.commit_info.restored if commit.commit_info else None
                yield self._entry(commit.at, "restored", {**log.told(commit), "restored": restored})

    def _kept(self, table: Table, commit: Commit, event_id: str, row: Row | None) -> Entry:
        now = row["event_id"] if row else None
        stands = "stands" if now == event_id else f"superseded by {now}" if now else "no longer there"
        told = self._rows.logs[table].told(commit)
        return self._entry(commit.at, table.layer, {**told, "event_id": event_id, "now": stands})

    def _entry(self, at: datetime, what: str, details: Row) -> Entry:
        return Entry(at, self._lane.name, what, details)


def _place(row: Row) -> tuple[str | None, int | None, int | None]:
    return row["topic"], row["partition"], row["offset"]
