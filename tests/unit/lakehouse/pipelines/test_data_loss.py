"""Lost offsets: those between the next offset to read and the first that Kafka still has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foundation.offsets import LostOffsets, OffsetRange
from lakehouse.pipelines.data_loss import exclude_lost, lost_offsets


def test_only_offsets_before_kafkas_first_one_are_lost() -> None:
    position = {"t": {"0": 5, "1": 7, "2": 3}}
    earliest = {"t": {"0": 9, "1": 7, "2": 0}}

    assert lost_offsets(position, earliest) == [LostOffsets("stream", OffsetRange("t", 0, 5, 8))]


def test_a_range_that_is_lost_as_a_whole_is_excluded() -> None:
    lost = [LostOffsets("stream", OffsetRange("t", 0, 5, 8))]
    read = [OffsetRange("t", 0, 5, 8), OffsetRange("t", 0, 9, 12), OffsetRange("t", 1, 5, 6)]

    assert exclude_lost(read, lost) == (OffsetRange("t", 0, 9, 12), OffsetRange("t", 1, 5, 6))


@given(wanted=st.integers(0, 50), first=st.integers(0, 50), length=st.integers(1, 50))
def test_lost_and_remaining_offsets_are_the_whole_range(wanted: int, first: int, length: int) -> None:
    whole = OffsetRange("t", 0, wanted, wanted + length - 1)
    lost_ranges = lost_offsets({"t": {"0": wanted}}, {"t": {"0": first}})

    remaining_ranges = exclude_lost([whole], lost_ranges)

    ranges = [lost.offsets for lost in lost_ranges]
    lost = [offset for part in ranges for offset in range(part.first, part.last + 1) if offset in whole]
    remaining = [offset for part in remaining_ranges for offset in range(part.first, part.last + 1)]
    assert lost + remaining == list(range(whole.first, whole.last + 1))
