"""Reasons why a step has work to do, shared by the steps. Each function yields one reason, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from foundation.errors import PinlakeError, first_line
from lakehouse.catalog.columns import columns_of
from lakehouse.catalog.tables import Table
from lakehouse.delta.streaming_checkpoint import Checkpoint
from lakehouse.pipelines.pending_work.lake_state import AuditedVersion, LakeState, TableState
from lakehouse.quality.published_version import PublishedVersion
from lakehouse.quality.suite_file import read_suite_file

UNSETTLED = "the newest micro-batch has not ended, or there was none"
# The index with which Delta names the beginning of a version.
_BEGINNING = -1


def find_reason(find: Callable[[], Iterator[str]]) -> str | None:
    """Return the first reason, or None if there is nothing to do.

    What cannot be read or understood is a reason, too: the step then meets it as it always has.
    """
    try:
        return next(find(), None)
    except (PinlakeError, ValueError, LookupError, TypeError) as error:
        return first_line(error)


def missing_columns(states: Sequence[TableState]) -> Iterator[str]:
    """Yield the tables that lack a column, which the step adds."""
    for state in states:
        if missing := {name for name, _, _ in columns_of(state.table)} - state.columns:
            yield f"{state.table.full_name} lacks {', '.join(sorted(missing))}"


def unread_changes(lake: LakeState, source: TableState, reader: Checkpoint) -> Iterator[str]:
    """Yield that a table has versions that its reader has not read.

    Args:
        lake: the lakehouse.
        source: the table.
        reader: the checkpoint of its reader.
    """
    name, end = source.table.full_name, reader.settled_end()
    if end is None:
        yield UNSETTLED
    elif end["reservoirId"] != source.id:
        yield f"{name} is not the table that was read before"
    elif end["isStartingVersion"] or not _is_at_end(lake, source, end["reservoirVersion"], end["index"]):
        yield f"{name} has version {source.version}, read is {end['reservoirVersion']}, {end['index']}"


def unpublished(state: TableState, published: PublishedVersion) -> Iterator[str]:
    """Yield that the newest version of a table has not passed its audit, or was not published after it."""
    if published.version != state.version:
        yield f"{state.table.full_name} has version {state.version}, published is {published.version}"


def changed_suite(lake: LakeState, table: Table, published: PublishedVersion) -> Iterator[str]:
    """Yield that the published version was not audited by the suite as it is now: the step must check it."""
    suite = read_suite_file(table).fingerprint
    audited = AuditedVersion(table.full_name, published.version, suite)
    if audited not in lake.find_audited(published.run_id):
        yield f"the suite of {table.full_name} has changed since its last audit"


def _is_at_end(lake: LakeState, source: TableState, version: int, index: int) -> bool:
    """Return whether a position is the end of a table: a version, and the last file that was read of it."""
    if version == source.version and source.table.change_feed and index >= 0:
        # Delta stays at the last file of a commit's change feed, of which it reads all files or none.
        return index + 1 == lake.count_change_files(source.table, version)
    return (version, index) == (source.version + 1, _BEGINNING)
