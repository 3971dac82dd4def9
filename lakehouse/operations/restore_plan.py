"""The plan of a restore: what it would change, found without Spark before anything is written."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.errors import UsageError
from lakehouse.catalog.downstream_steps import list_downstream_steps
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.query import diff, time_travel
from lakehouse.query.diff import TableDiff
from lakehouse.query.table_store import TableStore
from lakehouse.query.time_travel import Moment, TableVersion


@dataclass(frozen=True)
class RestorePlan:
    """What a restore would do.

    Attributes:
        difference: from the newest version to the version to restore.
        notes: what the restore does not undo, each a sentence.
    """

    difference: TableDiff
    notes: tuple[str, ...]


def plan_restore(store: TableStore, table: Table, moment: Moment) -> RestorePlan:
    """Compare a table with an older version, and check that its streaming readers survive the restore.

    Args:
        store: the bucket.
        table: the table.
        moment: the version to restore, or a time.

    Raises:
        UsageError: there is no such version, it is the newest, or a reader's checkpoint would break.
        TransientError: the store does not answer.
    """
    newest, target = time_travel.table_at(store, table), time_travel.table_at(store, table, moment)
    if newest.number == target.number:
        raise UsageError(
            f"version {target.number} is already the newest",
            where=table.full_name,
            hint=f"`pinlake history {table.full_name}` lists the older versions.",
        )
    _require_readable(store, newest, target)
    return RestorePlan(diff.compare_versions(newest, target), tuple(_list_notes(table)))


def _require_readable(store: TableStore, newest: TableVersion, target: TableVersion) -> None:
    same_schema = newest.log.schema().to_json() == target.log.schema().to_json()
    for step in list_downstream_steps(target.table):
        checkpoint = store.locations.checkpoint(step.checkpoint)
        begun = any(True for _ in store.list_objects(f"{store.key(checkpoint)}/offsets/"))
        if begun and not (step.follows_changes and same_schema):
            reason = "rows would disappear" if same_schema else "its columns would change"
            read, written = target.table.full_name, step.writes.full_name
            raise UsageError(
                f"`pinlake {step.name}` reads {read} as a stream and could not continue: {reason}",
                where=checkpoint,
                hint=f"Restore {written} instead, or remove this checkpoint first: "
                f"`pinlake {step.name}` then reads the whole table again.",
            )


def _list_notes(table: Table) -> list[str]:
    notes = [
        f"{step.writes.full_name} keeps its newer events; restore it too to undo them"
        for step in list_downstream_steps(table)
    ]
    if table == STREAM.features:
        notes.append("Postgres keeps its rows, as it accepts only newer events")
    if table.is_history:
        notes.append(
            "the stream does not read the events since that version again: they are missing from then on"
        )
    elif table.key and table.layer in ("silver", "gold"):
        notes.append(
            "events read since that version are not read again; "
            "`pinlake rebuild` of their days brings them back into the batch lane"
        )
    return notes
