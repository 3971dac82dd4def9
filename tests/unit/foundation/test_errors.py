"""Errors: one line of what, where and how to fix it, whatever the cause said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import PinlakeError, TransientError, first_line, object_store_unavailable


def test_an_error_says_what_where_and_how_to_fix_it() -> None:
    error = PinlakeError("the port is taken", where="127.0.0.1:9092", hint="Choose another.")

    assert str(error) == "the port is taken (127.0.0.1:9092). Choose another."
    assert (error.what, error.where, error.hint) == ("the port is taken", "127.0.0.1:9092", "Choose another.")


def test_an_object_store_that_does_not_answer_may_answer_later() -> None:
    error = object_store_unavailable(TimeoutError(), where="s3://pinlake")

    assert isinstance(error, TransientError)
    assert error.what == "the object store does not answer: TimeoutError"
    assert "PINLAKE_S3_ENDPOINT" in error.hint


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one line"), "one line"),
        (ValueError("\n  first \nsecond"), "first "),
        (ValueError(" \n "), "ValueError"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_the_first_line_is_the_text_or_else_the_type(error: Exception, line: str) -> None:
    assert first_line(error) == line


@given(st.text())
def test_every_text_has_one_first_line(text: str) -> None:
    assert len(first_line(ValueError(text)).splitlines()) == 1
