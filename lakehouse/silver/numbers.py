"""Whole numbers from text."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_COUNT = r"^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d{1,2}| ?[kKmMbB])?$"
_INT_MAX = 2**31 - 1


def count(text: Column) -> Column:
    """Return the number a count such as 998, 1,234, 1.2k or 3M spells, rounded half up, or null.

    Args:
        text: trimmed text.

    Returns:
        decimal: it may be more than an int holds.
    """
    digits = F.translate(F.rtrim(text, F.lit("kKmMbB ")), ",", "")
    unit = F.lower(F.right(text, F.lit(1)))
    factor = (
        F.when(unit == "k", 1_000).when(unit == "m", 1_000_000).when(unit == "b", 1_000_000_000).otherwise(1)
    )
    number = digits.try_cast("decimal(24,12)") * factor.cast("decimal(10,0)")
    return F.when(text.rlike(_COUNT), F.round(number))


def integer(text: Column) -> Column:
    """Return the whole number a text spells, 12 or 12.0, as a decimal, or null."""
    number = F.when(text.rlike(_COUNT), text.try_cast("decimal(24,12)"))
    return F.when(number == F.round(number), number)


def flag(text: Column) -> Column:
    """Return 1 or 0 for a truth value spelled in any usual way, or null."""
    number = integer(text)
    return F.coalesce(text.try_cast("boolean").cast("int"), F.when(number.isin(0, 1), number).try_cast("int"))
