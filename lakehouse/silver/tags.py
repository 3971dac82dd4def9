"""Lists of tags, in two forms: a JSON array or comma-joined text. In both, a comma separates tags."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.silver.text import literal_placeholders
from lakehouse.spark.cleaning_functions import CATALOG


def is_object(raw: Column) -> Column:
    """Return whether a value is a JSON object, which is not a list in either form."""
    return raw.startswith("{") & F.json_object_keys(raw).isNotNull()


def join(raw: Column) -> Column:
    """Return the comma-joined text of a JSON array, and any other text unchanged.

    Args:
        raw: a plain column, because it is read more than once.
    """
    listed = F.array_join(F.from_json(raw, "array<string>"), ",")
    return F.when(raw.startswith("["), F.coalesce(listed, raw)).otherwise(raw)


def join_spelled_out(text: Column) -> Column:
    """Return the text of a list with a comma between all characters, such as T,w,o, ,w,o,r,d,s.

    Args:
        text: comma-joined text, not yet tidied.
    """
    return F.call_function(f"{CATALOG}.join_spelled_out", text)


def split(tidied: Column, *placeholders: str) -> Column:
    """Return the tags of comma-joined text in order, without surrounding blanks, leading # and empty tags.

    A list of only single characters becomes one tag.

    Args:
        tidied: text.
        placeholders: texts that mean that there are no tags, in upper or lower case and without commas.
    """
    return F.call_function(f"{CATALOG}.split_tags", tidied, literal_placeholders(*placeholders))
