"""Cleaning of text: escapes, invisible characters, emoji, surplus spaces and placeholders."""

from __future__ import annotations

from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.spark.cleaning_functions import CATALOG

TextPolicy = Literal["unicode", "ascii"]

_TIDY: dict[TextPolicy, str] = {"unicode": f"{CATALOG}.tidy", "ascii": f"{CATALOG}.tidy_ascii"}


def tidy(raw: Column, *, policy: TextPolicy) -> Column:
    r"""Drop escapes, invisible characters and emoji; collapse white space and trim it at the ends.

    The \uXXXX escapes of text that was encoded as JSON once too often are decoded first.

    Args:
        raw: text.
        policy: "unicode" keeps the letters of every script, "ascii" only ASCII characters.
    """
    return F.call_function(_TIDY[policy], raw)


def drop_ellipsis(tidied: Column) -> Column:
    """Drop the ellipsis at the end of truncated text."""
    return F.call_function(f"{CATALOG}.drop_ellipsis", tidied)


def drop_placeholders(tidied: Column, *placeholders: str) -> Column:
    """Replace empty text and the scraper's placeholders by null.

    Args:
        tidied: text.
        placeholders: texts that mean that there is no value, in upper or lower case.
    """
    return F.call_function(f"{CATALOG}.drop_placeholders", tidied, literal_placeholders(*placeholders))


def literal_placeholders(*placeholders: str) -> Column:
    """Return empty text and placeholders as the array that the functions expect."""
    return F.array(*(F.lit(text.lower()) for text in ("", *placeholders)))
