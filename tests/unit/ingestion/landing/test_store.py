"""A landing object's name is a function of what is inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.landing.store import Extent, name_start


def test_the_name_holds_day_topic_partition_and_offsets() -> None:
    extent = Extent("pinterest_batch", 1, first=5, timestamp=1_767_225_599_999, last=17)
    assert extent.key == "landing/pins/dt=2025-12-31/pinterest_batch-1-5-17.jsonl.gz"


@pytest.mark.parametrize(("timestamp", "day"), [(-1, "1969-12-31"), (2**62, "1970-01-01")])
def test_any_timestamp_has_a_day(timestamp: int, day: str) -> None:
    assert f"dt={day}/" in Extent("t", 0, first=0, timestamp=timestamp, last=0).key


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_name_starts_alike_for_the_same_first_record_only(first: int, other: int, last: int) -> None:
    mine = Extent("t", 0, first=first, timestamp=0, last=last)
    theirs = Extent("t", 0, first=other, timestamp=0, last=last)
    assert mine.key.startswith(name_start(theirs)) == (first == other)
