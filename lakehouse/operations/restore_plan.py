"""What restoring a table would do, found out before anything is written and without Spark."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.errors import UsageError
from lakehouse.catalog.consumers import consumers_of
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.query import diff, time_travel
from lakehouse.query.diff import TableDiff
from lakehouse.query.table_reader import TableStore
from lakehouse.query.time_travel import Moment, TableVersion


@dataclass(frozen=True)
class Plan:
    """What a restore would do.

    Attributes:
        difference: from the newest version to the one that is to be restored.
        notes: what does not go back with it.
    """

    difference: TableDiff
    notes: tuple[str, ...]


def plan(store: TableStore, table: Table, moment: Moment) -> Plan:
    """Compare a table with an older version of itself, and look for readers that would not bear the restore.

    Raises:
        UsageError: there is no such version, it is the newest already, or a reader's checkpoint would break.
        TransientError: the store does not answer.
    """
    newest, target = time_travel.table_at(store, table), time_travel.table_at(store, table, moment)
    if newest.number == target.number:
        raise UsageError(
            f"version {target.number} is the newest already",
            where=table.full_name,
            hint=f"`pinlake history {table.full_name}` lists older ones.",
        )
    _require_bearable(store, newest, target)
    return Plan(diff.compare_versions(newest, target), tuple(_notes(table)))


def _require_bearable(store: TableStore, newest: TableVersion, target: TableVersion) -> None:
    same = newest.log.schema().to_json() == target.log.schema().to_json()
    for reader in consumers_of(target.table):
        checkpoint = store.locations.checkpoint(reader.checkpoint)
        begun = any(True for _ in store.list_objects(f"{store.key(checkpoint)}/offsets/"))
        if begun and not (reader.follows_changes and same):
            why = "rows go away" if same else "its columns change"
            read, written = target.table.full_name, reader.writes.full_name
            raise UsageError(
                f"`pinlake {reader.step}`, which reads {read} as a stream, could not go on: {why}",
                where=checkpoint,
                hint=f"Restore {written} instead; or remove this checkpoint first: "
                f"{reader.step} then reads the whole table anew.",
            )


def _notes(table: Table) -> list[str]:
    notes = [
        f"{reader.writes.full_name} keeps what it has of newer events: restore it too if it shall go back"
        for reader in consumers_of(table)
    ]
    if table == STREAM.features:
        notes.append("Postgres keeps what it has: it takes only newer events")
    if table.key and table.layer in ("silver", "gold"):
        notes.append(
            "events that were taken in since are not read again by themselves: "
            "`pinlake rebuild` of their days brings them back to the batch lane"
        )
    return notes
