"""Errors: one line of what, where and how to fix it, whatever the cause said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import PinlakeError, first_line


def test_an_error_says_what_where_and_how_to_fix_it() -> None:
    error = PinlakeError("the port is taken", where="127.0.0.1:9092", hint="Choose another.")

    assert str(error) == "the port is taken (127.0.0.1:9092). Choose another."
    assert (error.what, error.where, error.hint) == ("the port is taken", "127.0.0.1:9092", "Choose another.")


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
