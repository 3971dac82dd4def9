"""Checksums of rows that depend neither on the order of the rows nor on the engine that read them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

Checksum = tuple[int, int]


def of(rows: Iterable[Mapping[str, Any]]) -> Checksum:
    """Return the number of rows, and the sum of their hashes."""
    count = total = 0
    for row in rows:
        text = repr([(name, _plain(row[name])) for name in sorted(row)])
        total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        count += 1
    return count, total % 2**64


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        # pyspark returns times without an offset, in the local time zone.
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
