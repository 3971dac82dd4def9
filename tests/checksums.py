"""Rows reduced to their number and a checksum that does not depend on their order or on who has read them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

Checksum = tuple[int, int]


def of(rows: Iterable[Mapping[str, Any]]) -> Checksum:
    """Return how many rows there are, and the sum of their hashes."""
    count = total = 0
    for row in rows:
        text = repr([(name, _plain(row[name])) for name in sorted(row)])
        total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        count += 1
    return count, total % 2**64


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        # pyspark gives moments without an offset, in this machine's time.
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, Mapping):
        return [(name, _plain(value[name])) for name in sorted(value)]
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
