"""Every error Pinlake raises on purpose: transient (trying again may help) or terminal (it will not)."""

from __future__ import annotations


class PinlakeError(Exception):
    """What happened, where, and how to fix it, in one line.

    Args:
        what: the fault, as a sentence without a full stop.
        where: the file, address, table, topic or setting it happened at.
        hint: what the reader can do about it.
    """

    def __init__(self, what: str, *, where: str, hint: str) -> None:
        super().__init__(f"{what} ({where}). {hint}")
        self.what = what
        self.where = where
        self.hint = hint


class TransientError(PinlakeError):
    """A server did not answer, or not in time: the same call may succeed later."""


def store_away(error: Exception, *, where: str) -> TransientError:
    """Return the error of an object store that does not answer."""
    return TransientError(
        f"the object store does not answer: {type(error).__name__}",
        where=where,
        hint="Check the network and PINLAKE_S3_ENDPOINT, then run the command again.",
    )


class TerminalError(PinlakeError):
    """Trying again changes nothing: something has to be fixed first."""


class ConfigurationError(TerminalError):
    """A setting is missing or bad."""


class UsageError(TerminalError):
    """A command was asked for something that does not exist or is not allowed."""
