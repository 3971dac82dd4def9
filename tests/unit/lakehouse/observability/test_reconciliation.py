"""The time up to which the lanes are comparable: no event after it may be unread in one of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.observability.reconciliation import SETTLING_TIME, comparable_until

NOON = datetime(2026, 1, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("batch", "stream"), [(NOON, NOON + SECOND), (NOON + SECOND, NOON)])
def test_a_lane_that_is_behind_may_lack_recent_events(batch: datetime, stream: datetime) -> None:
    assert comparable_until(batch, stream, now=NOON + timedelta(days=1)) == NOON - SETTLING_TIME


def test_lanes_that_end_with_the_same_event_have_every_event() -> None:
    assert comparable_until(NOON, NOON, now=NOON + SETTLING_TIME) > NOON


def test_an_event_of_just_now_may_not_have_arrived_yet() -> None:
    assert comparable_until(NOON, NOON, now=NOON + 2 * SECOND) == NOON - SETTLING_TIME
