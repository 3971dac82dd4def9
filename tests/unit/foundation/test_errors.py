"""Errors: one line with the problem, its place and the way out."""

from __future__ import annotations

import pytest

from foundation.errors import (
    ConfigurationError,
    TerminalError,
    TransientError,
    UsageError,
    object_store_unavailable,
)


def test_the_line_of_an_error_has_what_where_and_hint() -> None:
    error = TerminalError("the file is empty", where="pins.jsonl", hint="Put a pin in it.")

    assert str(error) == "the file is empty (pins.jsonl). Put a pin in it."
    assert (error.what, error.where, error.hint) == ("the file is empty", "pins.jsonl", "Put a pin in it.")


@pytest.mark.parametrize("kind", [ConfigurationError, UsageError])
def test_errors_of_settings_and_usage_are_not_tried_again(kind: type[TerminalError]) -> None:
    assert issubclass(kind, TerminalError)
    assert not issubclass(kind, TransientError)


def test_a_store_that_does_not_answer_may_be_tried_again() -> None:
    error = object_store_unavailable(ConnectionResetError("secret"), where="s3://pinlake/key")

    assert isinstance(error, TransientError)
    assert str(error).startswith("the object store does not answer: ConnectionResetError (s3://pinlake/key)")
    assert "PINLAKE_S3_ENDPOINT" in error.hint
