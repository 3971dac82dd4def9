"""Errors: one line with the problem, its place and the way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import (
    ConfigurationError,
    TerminalError,
    TransientError,
    UsageError,
    first_line,
)


def test_the_line_of_an_error_has_what_where_and_hint() -> None:
    error = TerminalError("the file is empty", where="pins.jsonl", hint="Put a pin in it.")

    assert str(error) == "the file is empty (pins.jsonl). Put a pin in it."
    assert (error.what, error.where, error.hint) == ("the file is empty", "pins.jsonl", "Put a pin in it.")


@pytest.mark.parametrize("kind", [ConfigurationError, UsageError])
def test_errors_of_settings_and_usage_are_not_tried_again(kind: type[TerminalError]) -> None:
    assert issubclass(kind, TerminalError)
    assert not issubclass(kind, TransientError)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one line"), "one line"),
        (ValueError("\n  first \nsecond"), "first "),
        (ValueError(" \n "), "ValueError"),
        ("first\nsecond", "first"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_the_first_line_is_the_text_or_else_the_type(error: Exception | str, line: str) -> None:
    assert first_line(error) == line


@given(st.text())
def test_every_text_has_one_first_line(text: str) -> None:
    assert len(first_line(ValueError(text)).splitlines()) == 1
