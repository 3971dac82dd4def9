"""Lists of tags."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# A character, then a comma before every other one. Possessive: no recursion, whatever the length.
_SPELLED_OUT = r"(?s)^.(?:,.)++$"
_NO_TAGS = "no tags available"


def joined(raw: Column) -> Column:
    """Return a list as comma-joined text: a JSON array is joined, a text spelled out is put together."""
    listed = F.when(raw.startswith("["), F.array_join(F.from_json(raw, "array<string>"), ","))
    text = F.coalesce(listed, raw)
    return F.when(text.rlike(_SPELLED_OUT), F.regexp_replace(text, "(?s)(.),", "$1")).otherwise(text)


def split(tidied: Column) -> Column:
    """Return the tags of a comma-joined text in their order, without blanks, # and empty ones."""
    text = F.rtrim(F.ltrim(tidied, F.lit(" ,#")), F.lit(" ,"))
    tags = F.split(text, " ?,[ ,#]*+")
    return F.when(F.lower(text).isin("", _NO_TAGS), F.array().cast("array<string>")).otherwise(tags)
