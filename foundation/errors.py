"""Errors that Pinlake raises on purpose: transient (trying again may help) or terminal (it does not)."""

from __future__ import annotations


class PinlakeError(Exception):
    """What happened, where, and how to fix it, in one line.

    Args:
        what: the problem, as a sentence without a full stop.
        where: the file, address, table, topic or setting that has the problem.
        hint: what the reader can do about it.
    """

    def __init__(self, what: str, *, where: str, hint: str) -> None:
        super().__init__(f"{what} ({where}). {hint}")
        self.what = what
        self.where = where
        self.hint = hint


class TransientError(PinlakeError):
    """A server did not answer in time: the same call may succeed later."""


class TerminalError(PinlakeError):
    """Trying again does not help: something must be fixed first."""


class ConfigurationError(TerminalError):
    """A setting is missing or invalid."""


class UsageError(TerminalError):
    """A command was given something that does not exist or is not allowed."""


def first_line(error: BaseException | str) -> str:
    """Return the first line of an error or of its text; the name of its type if it has no text."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
