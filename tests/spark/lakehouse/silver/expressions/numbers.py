"""Parsing of numbers, counts and flags by Spark's own expressions.

The parsers return decimals, so that a number too large for its column differs from text that is not a number.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

INT_MAX = 2**31 - 1

_DECIMAL = "decimal(24,12)"
_BEYOND = 10**11
# Limits the length of text and exponent: parsing a million digits, or 1e-999999999, takes minutes.
_SHORT = r"^(?=.{1,64}\z)[+-]?"
_NUMBER = rf"{_SHORT}(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{{1,2}})?\z"
_COUNT = rf"{_SHORT}(?:\d{{1,3}}(?:[, ]\d{{3}})+|\d+|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d{{1,2}}| ?[kKmMbB])?\z"
# Full-width, Arabic-Indic and Persian digits.
_DIGITS = "".join(chr(zero + digit) for zero in (0xFF10, 0x0660, 0x06F0) for digit in range(10))


def parse_number(text: Column) -> Column:
    """Parse a number such as 12, -12.5 or 1.2e3; text that is not a number becomes null.

    Args:
        text: a plain column, tidied.

    Returns:
        decimal(24,12); 10^11 if the number has more digits than that.
    """
    return F.when(text.rlike(_NUMBER), F.coalesce(text.try_cast(_DECIMAL), F.lit(_BEYOND).cast(_DECIMAL)))


def parse_count(text: Column) -> Column:
    """Parse a count such as 998, 1,234, 1.2k or 3M; text that is not a count becomes null.

    Args:
        text: a plain column, tidied.

    Returns:
        decimal(24,0), rounded half up; 10^11 or more if the number has more digits than can be parsed.
    """
    ascii_digits = F.translate(text, _DIGITS, "0123456789" * 3)
    digits = F.translate(F.rtrim(ascii_digits, F.lit("kKmMbB ")), ", ", "")
    value = F.coalesce(digits.try_cast(_DECIMAL), F.lit(_BEYOND).cast(_DECIMAL))
    unit = F.lower(F.right(text, F.lit(1)))
    factor = F.when(unit == "k", 10**3).when(unit == "m", 10**6).when(unit == "b", 10**9).otherwise(1)
    return F.when(ascii_digits.rlike(_COUNT), F.round(value * factor.cast("decimal(10,0)")))


def parse_flag(text: Column) -> Column:
    """Parse a flag such as true, yes, 1 or 1.0, or its opposite, as 1 or 0; any other text becomes null.

    Args:
        text: a plain column, tidied.
    """
    without_decimals = F.when(text.rlike(r"^[01]\.0*\z"), F.left(text, F.lit(1))).otherwise(text)
    return without_decimals.try_cast("boolean").cast("int")
