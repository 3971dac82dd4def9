"""Percentiles."""

from __future__ import annotations

import pytest

from benchmarks.latency import percentile


def test_percentiles_of_a_hundred_and_one_values_are_those_values() -> None:
    values = list(range(100, -1, -1))
    assert [percentile(values, percent) for percent in (1, 50, 99)] == [1, 50, 99]


def test_percentiles_lie_between_the_values_they_fall_between() -> None:
    assert percentile([1.0, 2.0], 50) == 1.5
    assert percentile([1.0, 2.0], 99) == pytest.approx(1.99)
