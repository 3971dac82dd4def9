"""A date range as a range of event ids."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from foundation.event import event_time
from lakehouse.operations.rebuild.date_range import DateRange

DAYS = DateRange(date(2026, 1, 30), date(2026, 2, 1))
BEGIN = datetime(2026, 1, 30, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
NEAR = st.datetimes(datetime(2026, 1, 28), datetime(2026, 2, 4), timezones=st.just(UTC))


@given(
    moment=NEAR | st.sampled_from([BEGIN, BEGIN - MILLISECOND, BEGIN + timedelta(days=3)]),
    rest=st.integers(0),
)
def test_an_event_id_lies_in_the_range_if_its_time_lies_in_the_days(moment: datetime, rest: int) -> None:
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // MILLISECOND
    event_id = uuid.UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | rest % (1 << 62))

    inside = DAYS.first <= event_time(event_id).date() <= DAYS.last

    assert (DAYS.begin_id <= str(event_id) < DAYS.end_id) == inside


def test_every_day_is_listed_once() -> None:
    assert DAYS.list_days() == [date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)]
