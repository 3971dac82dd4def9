"""A receipt comes back out of a commit as it went in; what is none is told apart from it."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from foundation import version as revision
from foundation.offsets import OffsetRange
from lakehouse.delta import commit_info as receipt
from lakehouse.delta.commit_info import Versions

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_a_receipt_comes_back_as_it_was() -> None:
    begun = receipt.begin(lane="batch", step="silver")
    told = replace(begun, offsets=(OffsetRange("t", 1, 2, 3),), versions=Versions(4, 5), read=6)

    assert receipt.parse(told.as_json()) == told
    assert told.code == revision.code()
    assert "@" in told.who


def test_of_an_older_receipt_nothing_is_made_up() -> None:
    told = json.dumps(
        {
            "run": "r",
            "lane": "batch",
            "step": "gold",
            "began": "2026-01-31T12:00:00+00:00",
            "of_the_future": 1,
        }
    )

    found = receipt.parse(told)

    assert found is not None
    assert (found.run, found.code, found.who, found.net) == ("r", "", "", None)


@given(st.none() | st.text() | JSON.map(lambda value: json.dumps(value)))
def test_what_others_write_there_is_no_receipt(text: str | None) -> None:
    assert receipt.parse(text) is None
