"""Change feed and comparison count the differences between any two versions, whatever changed."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.catalog.tables import BATCH
from lakehouse.query import diff, time_travel
from lakehouse.query.diff import COMPARISON, FEED, TableDiff
from tests.local_store import LocalStore, State, write

STATES = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 2))
# Every version differs from the one before, because a merge without effect creates no version.
HISTORIES = st.lists(STATES, min_size=2, max_size=5).filter(
    lambda states: all(before != after for before, after in pairwise(states))
)


@settings(max_examples=15)
@given(HISTORIES, st.booleans(), st.data())
def test_the_differences_between_any_two_versions_are_counted(
    states: list[State], change_feed: bool, data: st.DataObject
) -> None:
    old, new = (data.draw(st.integers(0, len(states) - 1)) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        write(store, BATCH.silver, states, change_feed=change_feed)
        before, after = (time_travel.table_at(store, BATCH.silver, number) for number in (old, new))
        difference = diff.compare_versions(before, after, limit=10)

    assert _counts(difference) == _expected(states[old], states[new])
    assert difference.source == (FEED if change_feed and old != new else COMPARISON)
    assert len(difference.rows) == sum(_counts(difference))
    shown = {row.key["unique_id"]: row.values["number"] for row in difference.rows if row.kind == "changed"}
    assert shown == {
        key: {"old": value, "new": states[new][key]}
        for key, value in states[old].items()
        if states[new].get(key, value) != value
    }


def _counts(difference: TableDiff) -> tuple[int, int, int]:
    return difference.added, difference.removed, difference.changed


def _expected(old: State, new: State) -> tuple[int, int, int]:
    both = old.keys() & new.keys()
    return (
        len(new.keys() - old.keys()),
        len(old.keys() - new.keys()),
        sum(old[key] != new[key] for key in both),
    )
