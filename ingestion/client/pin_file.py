"""A file of pins to post: JSON lines, validated before anything is sent."""

from __future__ import annotations

from pathlib import Path

import orjson

from foundation.errors import UsageError


def read_pin_file(path: Path) -> list[bytes]:
    """Return the pins of a file, one JSON object per line, unchanged.

    Raises:
        UsageError: the file is missing or empty, or a line is not a JSON object.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(
            f"the pins cannot be read: {error.strerror}", where=str(path), hint="Give a file of JSON lines."
        ) from error
    pins = [line for number, line in enumerate(lines, start=1) if _is_pin(line, where=f"{path}:{number}")]
    if not pins:
        raise UsageError("the file has no pin", where=str(path), hint="Put one JSON object on each line.")
    return pins


def _is_pin(line: bytes, *, where: str) -> bool:
    if not line.strip():
        return False
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"not JSON: {error}", where=where, hint="Correct the line.") from None
    if not isinstance(document, dict):
        raise UsageError("not a JSON object", where=where, hint="Put one pin, as an object, on each line.")
    return True
