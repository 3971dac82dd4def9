"""The ranges of event ids of a micro-batch: few, and no wider than they must be."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lakehouse.delta.appends import MAX_RANGES, IdRange, merge_ranges

SPANS = st.lists(st.integers(0, 2**47), min_size=2, max_size=40, unique=True).map(sorted)


def _id(milliseconds: int) -> str:
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def _ranges(*spans: tuple[int, int]) -> list[IdRange]:
    return [IdRange(_id(first), _id(last)) for first, last in spans]


def test_few_ranges_stay_as_they_are_in_order() -> None:
    assert merge_ranges([]) == ()
    assert list(merge_ranges(_ranges((70, 80), (0, 9)))) == _ranges((0, 9), (70, 80))


def test_the_smallest_gaps_are_closed() -> None:
    ranges = _ranges((0, 1), (5, 6), (100, 101), (103, 104), (10_000, 10_000))

    assert list(merge_ranges(ranges, limit=3)) == _ranges((0, 6), (100, 104), (10_000, 10_000))
    assert list(merge_ranges(ranges, limit=2)) == _ranges((0, 104), (10_000, 10_000))
    assert list(merge_ranges(ranges, limit=1)) == _ranges((0, 10_000))


def test_a_late_event_does_not_widen_the_range_of_the_others() -> None:
    many = _ranges((0, 0), *((number, number) for number in range(10**9, 10**9 + 100 * 65_536, 65_536)))

    merged = merge_ranges(many)

    assert len(merged) == MAX_RANGES
    assert merged[0] == many[0]


@given(SPANS, st.integers(1, 40))
def test_every_id_stays_within_a_range_and_ranges_do_not_overlap(times: list[int], limit: int) -> None:
    ranges = _ranges(*((time, time) for time in times))

    merged = merge_ranges(ranges, limit=limit)

    assert len(merged) == min(limit, len(ranges))
    assert all(any(part.first <= one.first <= part.last for part in merged) for one in ranges)
    assert all(before.last < after.first for before, after in itertools.pairwise(merged))
