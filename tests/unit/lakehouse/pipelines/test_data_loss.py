"""What lies between the offset to be read next and the first that Kafka still has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foundation.offsets import LostOffsets, OffsetRange
from lakehouse.pipelines.data_loss import exclude_lost, lost_offsets


def test_only_what_lies_before_kafkas_first_offset_is_lost() -> None:
    position = {"t": {"0": 5, "1": 7, "2": 3}}
    earliest = {"t": {"0": 9, "1": 7, "2": 0}}

    assert lost_offsets(position, earliest) == [LostOffsets("stream", OffsetRange("t", 0, 5, 8))]


def test_a_range_that_is_gone_as_a_whole_is_left_out() -> None:
    found = [LostOffsets("stream", OffsetRange("t", 0, 5, 8))]
    read = [OffsetRange("t", 0, 5, 8), OffsetRange("t", 0, 9, 12), OffsetRange("t", 1, 5, 6)]

    assert exclude_lost(read, found) == (OffsetRange("t", 0, 9, 12), OffsetRange("t", 1, 5, 6))


@given(wanted=st.integers(0, 50), first=st.integers(0, 50), length=st.integers(1, 50))
def test_lost_and_rest_are_the_whole_range(wanted: int, first: int, length: int) -> None:
    whole = OffsetRange("t", 0, wanted, wanted + length - 1)
    found = lost_offsets({"t": {"0": wanted}}, {"t": {"0": first}})

    rest = exclude_lost([whole], found)

    gone = [part.offsets for part in found]
    lost = [offset for part in gone for offset in range(part.first, part.last + 1) if offset in whole]
    left = [offset for part in rest for offset in range(part.first, part.last + 1)]
    assert lost + left == list(range(whole.first, whole.last + 1))
