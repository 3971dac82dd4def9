"""Event ids: they sort by time, and the time of a client's own id must be current."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.event import (
    MAX_AGE,
    MAX_AHEAD,
    event_id_at,
    event_time,
    new_event_id,
    parse_event_id,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def _made_at(moment: datetime, noise: int = 0) -> uuid.UUID:
    milliseconds = (moment - EPOCH) // MILLISECOND
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | noise)


def test_new_ids_only_grow_and_carry_the_time() -> None:
    before = datetime.now(UTC) - MILLISECOND
    ids = [new_event_id() for _ in range(10_000)]
    after = datetime.now(UTC) + MILLISECOND
    assert ids == sorted(set(ids))
    assert before <= event_time(uuid.UUID(ids[0])) <= event_time(uuid.UUID(ids[-1])) <= after


@given(st.timedeltas(-MAX_AHEAD, MAX_AGE), st.integers(0, 2**62 - 1))
def test_an_id_of_the_present_is_taken_in_any_case(age: timedelta, noise: int) -> None:
    event_id = _made_at(max(NOW - age, NOW - MAX_AGE + MILLISECOND), noise)
    assert parse_event_id(str(event_id).upper(), now=NOW) == str(event_id)


@pytest.mark.parametrize(
    ("moment", "said"),
    [(NOW + MAX_AHEAD + MILLISECOND, "ahead"), (NOW - MAX_AGE - MILLISECOND, "day old")],
)
def test_an_id_of_another_time_is_refused(moment: datetime, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_event_id(str(_made_at(moment)), now=NOW)


@given(st.integers(2**47, 2**48 - 1), st.integers(0, 2**62 - 1))
def test_an_id_of_any_far_future_is_refused(milliseconds: int, noise: int) -> None:
    event_id = uuid.UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | noise)
    with pytest.raises(ValueError, match="ahead of the API's clock"):
        parse_event_id(str(event_id), now=NOW)


@given(st.text() | st.uuids(version=4).map(str) | st.uuids(version=1).map(str))
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="UUIDv7"):
        parse_event_id(text, now=NOW)


@pytest.mark.parametrize("form", ["{%s}", "urn:uuid:%s"])
def test_other_spellings_of_a_uuid_are_refused(form: str) -> None:
    with pytest.raises(ValueError, match="8-4-4-4-12"):
        parse_event_id(form % _made_at(NOW), now=NOW)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_the_first_id_of_a_moment_is_before_all_ids_of_that_moment(moment: datetime) -> None:
    first = event_id_at(moment)

    assert event_time(uuid.UUID(first)) == EPOCH + (moment - EPOCH) // MILLISECOND * MILLISECOND
    assert uuid.UUID(first).version == 7
    assert first <= str(_made_at(moment, noise=5))
    assert first > str(_made_at(moment - MILLISECOND, noise=2**62 - 1)) or moment < EPOCH + MILLISECOND
