"""Names of landing objects: a function of the records, and parsed as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.landing_object import LandingObject, partition_prefix
from foundation.offsets import OffsetRange

OFFSETS = st.integers(0, 2**40)
TOPICS = st.from_regex(r"[a-zA-Z0-9._-]{1,40}", fullmatch=True)


def test_the_name_holds_day_topic_partition_and_offsets() -> None:
    landed = LandingObject.starting_at(1_767_225_599_999, OffsetRange("pinterest_batch", 1, 5, 17))
    assert landed.key == "landing/pins/dt=2025-12-31/pinterest_batch-1-5-17.jsonl.gz"
    assert landed.key.startswith(partition_prefix("2025-12-31", "pinterest_batch", 1))


@pytest.mark.parametrize(("timestamp", "day"), [(-1, "1969-12-31"), (2**62, "1970-01-01")])
def test_any_timestamp_has_a_day(timestamp: int, day: str) -> None:
    assert f"dt={day}/" in LandingObject.starting_at(timestamp, OffsetRange("t", 0, 0, 0)).key


@given(OFFSETS, OFFSETS, OFFSETS)
def test_a_name_starts_alike_for_the_same_first_record_only(first: int, other: int, last: int) -> None:
    mine = LandingObject.starting_at(0, OffsetRange("t", 0, first, last))
    theirs = LandingObject.starting_at(0, OffsetRange("t", 0, other, last))
    assert mine.key.startswith(theirs.prefix) == (first == other)


@given(TOPICS, st.integers(0, 999), OFFSETS, OFFSETS)
def test_what_is_written_is_parsed(topic: str, partition: int, first: int, last: int) -> None:
    landed = LandingObject.starting_at(0, OffsetRange(topic, partition, first, last))
    assert LandingObject.parse(landed.key) == landed
    assert LandingObject.parse(f"s3a://pinlake/{landed.key}") == landed


@pytest.mark.parametrize(
    "path",
    [
        "landing/pins/dt=2026-01-01/t-0-1.jsonl.gz",
        "landing/pins/t-0-1-2.jsonl.gz",
        "gaps/batch-t-0-1-2.json",
        "",
    ],
)
def test_other_objects_are_not_taken_for_one(path: str) -> None:
    assert LandingObject.parse(path) is None
