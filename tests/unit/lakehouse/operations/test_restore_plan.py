"""The plan of a restore shows what changes, and refuses what a streaming reader would not survive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType

from foundation.errors import UsageError
from lakehouse.catalog.locations import Locations
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM, Table
from lakehouse.operations.restore_plan import plan_restore
from tests.local_store import LocalStore, write

STATES = [{"a": 1}, {"a": 2, "b": 2}]
KEPT = "gold.pin_features_batch keeps its newer events; restore it too to undo them"
NOT_READ = (
    "events read since that version are not read again; "
    "`pinlake rebuild` of their days brings them back into the batch lane"
)
MISSING = "the stream does not read the events since that version again: they are missing from then on"
POSTGRES = "Postgres keeps its rows, as it accepts only newer events"


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[Table], LocalStore]:
    """Write a table of two versions."""

    def store(table: Table) -> LocalStore:
        local = LocalStore(tmp_path)
        local.locations = Locations(str(tmp_path))
        write(local, table, STATES, change_feed=table.change_feed)
        return local

    return store


def _begin(store: LocalStore, table: Table) -> None:
    """Let the step that writes a table begin to read its source."""
    offsets = Path(store.locations.checkpoint(table.full_name)) / "offsets"
    offsets.mkdir(parents=True)
    (offsets / "0").touch()


@pytest.mark.parametrize(
    ("table", "notes"),
    [
        (BATCH.silver, (KEPT, NOT_READ)),
        (BATCH.features, (NOT_READ,)),
        (STREAM.silver, (MISSING,)),
        (STREAM.features, (POSTGRES, MISSING)),
        (BATCH.bronze, ("silver.pins_batch keeps its newer events; restore it too to undo them",)),
        (BATCH.quarantine, ()),
        (CATEGORY_DAILY, (NOT_READ,)),
    ],
    ids=lambda value: value.full_name if isinstance(value, Table) else "",
)
def test_the_notes_say_what_is_not_undone(
    table: Table,
    notes: tuple[str, ...],
    stored: Callable[[Table], LocalStore],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = stored(table)
    # The tables of this test have other columns than those of their keys.
    monkeypatch.setattr("lakehouse.query.diff._require_columns", lambda *_: ("unique_id",))

    plan = plan_restore(store, table, 0)

    difference = plan.difference
    assert (difference.table, difference.old, difference.new) == (table.full_name, 1, 0)
    assert (difference.added, difference.removed, difference.changed) == (0, 1, 1)
    assert plan.notes == notes


def test_the_newest_version_cannot_be_restored(stored: Callable[[Table], LocalStore]) -> None:
    with pytest.raises(
        UsageError,
        match=r"^version 1 is already the newest \(silver\.pins_batch\)\. `pinlake history silver",
    ):
        plan_restore(stored(BATCH.silver), BATCH.silver, 1)


def test_a_reader_of_rows_would_not_notice_that_they_disappear(
    stored: Callable[[Table], LocalStore],
) -> None:
    store = stored(BATCH.bronze)
    _begin(store, BATCH.silver)

    with pytest.raises(UsageError) as raised:
        plan_restore(store, BATCH.bronze, 0)

    error = raised.value
    assert error.what == (
        "`pinlake silver` reads bronze.pins_batch as a stream and could not continue: rows would disappear"
    )
    assert error.where == store.locations.checkpoint("silver.pins_batch")
    assert error.hint.startswith("Restore silver.pins_batch instead, or remove this checkpoint first:")


def test_a_reader_of_changes_follows_a_restore(stored: Callable[[Table], LocalStore]) -> None:
    store = stored(BATCH.silver)
    _begin(store, BATCH.features)

    assert plan_restore(store, BATCH.silver, 0).difference.removed == 1


def test_a_reader_of_changes_does_not_follow_other_columns(stored: Callable[[Table], LocalStore]) -> None:
    store = stored(BATCH.silver)
    _begin(store, BATCH.features)
    column = Field("added", PrimitiveType("string"))
    DeltaTable(store.table_url(BATCH.silver)).alter.add_columns(column)

    with pytest.raises(UsageError, match=r"could not continue: its columns would change"):
        plan_restore(store, BATCH.silver, 0)
