"""Parsing of integers, counts and flags in their various spellings.

A number too large for its column differs from text that is not a number: the parsers return bigint, and 10^12
or -10^12 for a number beyond.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.spark.cleaning_functions import CATALOG

INT_MIN, INT_MAX = -(2**31), 2**31 - 1


def parse_integer(tidied: Column) -> Column:
    """Parse a whole number such as 12, -12.0 or 1.2e3; text that is not a whole number becomes null.

    A number is whole if its first twelve decimals, rounded half up, are zeros.
    """
    return F.call_function(f"{CATALOG}.parse_integer", tidied)


def parse_count(tidied: Column) -> Column:
    """Parse a count such as 998, 1,234, 1.2k or 3M, rounded half up; text that is not a count becomes null.

    Digits may also be full-width, Arabic-Indic or Persian.
    """
    return F.call_function(f"{CATALOG}.parse_count", tidied)


def parse_flag(tidied: Column) -> Column:
    """Parse a flag such as true, yes, 1 or 1.0, or its opposite, as 1 or 0; any other text becomes null."""
    return F.call_function(f"{CATALOG}.parse_flag", tidied)
