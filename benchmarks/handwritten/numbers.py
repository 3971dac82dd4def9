"""Parsing of integers, counts and flags. A number beyond every column becomes 10^12 or -10^12."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal

import polars as pl

INT_MIN, INT_MAX = -(2**31), 2**31 - 1

_LIMIT = Decimal(10**12)
_EXACT = Context(prec=400)
_MOST_DIGITS = 38
_SHORT = r"(?=.{1,64}\Z)[+-]?"
_EXPONENT = r"[eE][+-]?[0-9]{1,2}"
_INTEGER = re.compile(rf"{_SHORT}(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:{_EXPONENT})?\Z")
_COUNT = re.compile(
    rf"{_SHORT}(?:[0-9]{{1,3}}(?:[, ][0-9]{{3}})+|[0-9]+|(?=\.[0-9]))(?:\.[0-9]*)?"
    rf"(?:{_EXPONENT}| ?[kKmMbB])?\Z"
)
_FLAG = re.compile(r"[01]\.0*\Z")
_FLAGS = dict.fromkeys(("1", "t", "true", "y", "yes"), 1) | dict.fromkeys(("0", "f", "false", "n", "no"), 0)
_FACTORS = {"k": 10**3, "m": 10**6, "b": 10**9}
# Full-width, Arabic-Indic and Persian digits.
_ASCII_DIGITS = {zero + digit: str(digit) for zero in (0xFF10, 0x0660, 0x06F0) for digit in range(10)}


def parse_integer(tidied: pl.Expr) -> pl.Expr:
    """Parse a whole number such as 12, -12.0 or 1.2e3; text that is not a whole number becomes null."""
    return tidied.map_batches(lambda texts: _parse_numbers(texts, _parse_integer), return_dtype=pl.Int64)


def parse_count(tidied: pl.Expr) -> pl.Expr:
    """Parse a count such as 998, 1,234, 1.2k or 3M, rounded half up; any other text becomes null."""
    return tidied.map_batches(lambda texts: _parse_numbers(texts, _parse_count), return_dtype=pl.Int64)


def parse_flag(tidied: pl.Expr) -> pl.Expr:
    """Parse a flag such as true, yes, 1 or 1.0, or its opposite, as 1 or 0; any other text becomes null."""
    return tidied.map_batches(lambda texts: _parse_each(texts, _parse_flag), return_dtype=pl.Int64)


def _parse_numbers(texts: pl.Series, parse: Callable[[str], int | None]) -> pl.Series:
    """Parse short digits all at once, and only the others one by one."""
    is_plain = texts.str.contains("^[0-9]{1,9}$")
    numbers = texts.set(~is_plain, None).cast(pl.Int64)
    at = (~is_plain).arg_true()
    return numbers if at.is_empty() else numbers.scatter(at, _parse_each(texts.gather(at), parse))


def _parse_each(texts: pl.Series, parse: Callable[[str], int | None]) -> pl.Series:
    """Parse each spelling once, however often it occurs."""
    spellings = texts.unique().drop_nulls()
    parsed = pl.Series(map(parse, spellings), dtype=pl.Int64)
    return texts.replace_strict(spellings, parsed, default=None, return_dtype=pl.Int64)


def _parse_integer(text: str) -> int | None:
    if not _INTEGER.match(text):
        return None
    number = _parse_decimal(text)
    return int(number) if number == number.to_integral_value(context=_EXACT) else None


def _parse_count(text: str) -> int | None:
    count = text.translate(_ASCII_DIGITS)
    if not _COUNT.match(count):
        return None
    number = _parse_decimal(re.sub("[, kKmMbB]", "", count)) * _FACTORS.get(count[-1].lower(), 1)
    return int(_limit(number.quantize(Decimal(1), ROUND_HALF_UP, context=_EXACT)))


def _parse_flag(text: str) -> int | None:
    return int(text[0]) if _FLAG.match(text) else _FLAGS.get(text.lower())


def _parse_decimal(number: str) -> Decimal:
    """Parse a number, rounded half up to 12 decimals and limited; 0e38 is beyond, as in Spark's decimals."""
    parsed = Decimal(number)
    exponent = parsed.as_tuple().exponent
    assert isinstance(exponent, int)  # the pattern lets neither NaN nor Infinity through
    if not parsed and 1 + exponent > _MOST_DIGITS:
        return _LIMIT
    return _limit(parsed.quantize(Decimal("1e-12"), ROUND_HALF_UP, context=_EXACT))


def _limit(number: Decimal) -> Decimal:
    return max(min(number, _LIMIT), -_LIMIT)
