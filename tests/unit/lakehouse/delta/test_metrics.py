"""Metrics of a step: sums over micro-batches, and the share of refused rows, also of no rows."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.delta.metrics import StepMetrics

COUNTS = st.integers(0, 10**9)
METRICS = st.builds(StepMetrics, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS.map(float))


@given(METRICS, METRICS)
def test_every_field_is_summed(one: StepMetrics, other: StepMetrics) -> None:
    assert astuple(one + other) == tuple(map(sum, zip(astuple(one), astuple(other), strict=True)))
    assert one + StepMetrics() == one


@pytest.mark.parametrize(("read", "quarantined", "share"), [(0, 0, 0.0), (4, 1, 0.25), (3, 3, 1.0)])
def test_the_share_of_refused_rows_is_of_the_rows_read(read: int, quarantined: int, share: float) -> None:
    metrics = StepMetrics(read=read, written=read - quarantined, quarantined=quarantined)

    assert metrics.quarantined_share == share
