"""How far the lanes can be compared: no event that one of them is still to read may be in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.observability import reconciliation as reconcile

NOON = datetime(2026, 1, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("batch", "stream"), [(NOON, NOON + SECOND), (NOON + SECOND, NOON)])
def test_a_lane_that_is_behind_may_lack_events_of_just_before(batch: datetime, stream: datetime) -> None:
    assert (
        reconcile.comparable_until(batch, stream, now=NOON + timedelta(days=1))
        == NOON - reconcile.SETTLING_TIME
    )


def test_lanes_that_ended_with_the_same_event_have_all_of_them() -> None:
    assert reconcile.comparable_until(NOON, NOON, now=NOON + reconcile.SETTLING_TIME) > NOON


def test_what_came_just_now_may_be_on_its_way() -> None:
    assert reconcile.comparable_until(NOON, NOON, now=NOON + 2 * SECOND) == NOON - reconcile.SETTLING_TIME
