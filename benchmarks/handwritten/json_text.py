"""The JSON that Polars' own parser reads differently from Spark's, in Python: rare records and lists."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Sequence
from decimal import Decimal

_DECODER = json.JSONDecoder()
# In a list of tags Spark accepts control characters.
_LENIENT_DECODER = json.JSONDecoder(strict=False)
_CONTROL_CODE = re.compile(r"(?<!\\)((?:\\\\)*\\u00)([01][0-9a-f])")

_BEYOND_UTF16 = re.compile("[\U00010000-\U0010ffff]")


def read_object(text: str, fields: Sequence[str]) -> list[str | None] | None:
    """Return fields of a JSON object as text; None if the text is anything else than one object."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return [to_text(value.get(field)) for field in fields] if isinstance(value, dict) else None


def is_object(text: str) -> bool:
    """Return whether text starts with a JSON object."""
    return isinstance(_read_first(text, _LENIENT_DECODER), dict)


def join_list(text: str) -> str:
    """Return the elements of the JSON array that a text starts with, joined by commas; else the text."""
    value = _read_first(text, _DECODER)
    if not isinstance(value, list):
        return text
    return ",".join(element for each in value if (element := to_text(each)) is not None)


def to_text(value: object) -> str | None:
    """Return a JSON value as Spark reads it into a column of text: a string as it is, others as JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return _replace_halves(value)
    if isinstance(value, float):
        return _format_float(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = _CONTROL_CODE.sub(lambda code: code[1] + code[2].upper(), text)
    return _replace_halves(_BEYOND_UTF16.sub(_escape_pair, text))


def _replace_halves(text: str) -> str:
    """Replace each half of a surrogate pair by a question mark."""
    return text.encode("utf-8", "replace").decode()


def _escape_pair(character: re.Match[str]) -> str:
    """Return the escapes of the two UTF-16 units of a character, as Java's library of JSON writes it."""
    return "".join(f"\\u{unit:04X}" for unit in struct.unpack(">2H", character[0].encode("utf-16-be")))


def _format_float(number: float) -> str:
    """Return a number in the notation of Java, which has exponents from 10^7 on and below 10^-3."""
    if not math.isfinite(number):
        return f'"{Decimal(number)}"'
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    digits, _, exponent = f"{Decimal(repr(number)).normalize():e}".partition("e")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _read_first(text: str, decoder: json.JSONDecoder) -> object:
    """Return the JSON value that a text starts with, whatever follows; None if there is none."""
    try:
        return decoder.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None
