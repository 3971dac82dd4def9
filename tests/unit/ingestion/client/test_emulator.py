"""Latencies, and the error of an API that does not answer."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import TransientError
from ingestion.client.client import Answer, post_pins
from ingestion.client.emulator import EmulationSummary, Pace, emulate

NOBODY = "http://127.0.0.1:1"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.integers(1, 100))
def test_a_percentile_is_not_exceeded_by_that_share(latencies: list[float], percent: int) -> None:
    summary = EmulationSummary()
    for latency in latencies:
        summary.add(Answer(201, latency, retries=0))
    found = summary.percentile(percent)
    assert found in latencies
    assert sum(latency <= found for latency in latencies) * 100 >= percent * len(latencies)


def test_nothing_posted_has_no_latency() -> None:
    assert EmulationSummary().percentile(50) is None


def test_unanswered_posts_are_counted_as_such() -> None:
    summary = EmulationSummary()
    summary.add(Answer(None, 1.0, retries=4))
    assert (summary.statuses, summary.retries) == ({"unanswered": 1}, 4)


def test_an_api_that_does_not_answer_is_an_error_at_once() -> None:
    with pytest.raises(TransientError, match="pinlake serve"):
        post_pins(NOBODY, [b"{}"])
    with pytest.raises(TransientError, match="pinlake serve"):
        asyncio.run(emulate(NOBODY, [b"{}"], Pace(0), stopping=asyncio.Event()))
