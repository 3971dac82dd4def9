"""A past state of a table, as people name it: by a version, or by a time."""

from __future__ import annotations

from datetime import UTC, datetime

from foundation.errors import UsageError

Moment = int | datetime
_LARGEST = 2**63 - 1  # Delta's versions


def parse(text: str, *, where: str) -> Moment:
    """Return a version, or a time in UTC.

    Args:
        text: digits, or a date and time in ISO 8601; without an offset it is UTC.
        where: what has been given it, for the error.

    Raises:
        UsageError: neither.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and int(text) <= _LARGEST:
        return int(text)
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is neither a version nor a time",
            where=where,
            hint="Give a version such as 12, or a time such as '2026-01-31 12:00' (UTC).",
        ) from None
