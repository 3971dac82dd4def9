"""A past state is named by a version or by a time, and by nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import UsageError
from lakehouse.query import time_travel as moment


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_digits_are_a_version(version: int) -> None:
    assert moment.parse(f" {version} ", where="--to") == version


@given(st.datetimes(timezones=st.none() | st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))])))
def test_a_time_without_an_offset_is_utc(time: datetime) -> None:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    try:
        expected = aware.astimezone(UTC)
    except OverflowError:  # the calendar's first and last hours
        with pytest.raises(UsageError):
            moment.parse(time.isoformat(), where="--to")
        return

    assert moment.parse(time.isoformat(" "), where="--to") == expected


@given(st.text())
def test_whatever_else_is_refused_in_one_line(text: str) -> None:
    try:
        found = moment.parse(text, where="--to")
    except UsageError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert isinstance(found, int) or found.tzinfo == UTC


@pytest.mark.parametrize("text", ["", "-1", "1.5", "yesterday", "2026-13-01", "٣", "9" * 30])
def test_what_is_neither_says_what_would_be(text: str) -> None:
    with pytest.raises(UsageError, match="Give a version such as 12, or a time"):
        moment.parse(text, where="--to")
