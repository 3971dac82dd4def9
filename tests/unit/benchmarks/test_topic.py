"""The span of a load in its topic."""

from __future__ import annotations

from benchmarks.topic import Load, Span


def test_a_load_has_the_records_between_two_positions_of_all_partitions() -> None:
    assert Load(Span("pins", {0: 5, 1: 0, 2: 7}, {0: 9, 1: 3, 2: 7}), bytes=1).events == 7
