"""Lists of tags in their two forms, a JSON array and comma-joined text. In both a comma parts tags."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# One character, then a comma before each that follows. Possessive: no recursion, whatever the length.
_SPELLED_OUT = r"(?s)^.(?:,.)++\z"


def is_object(raw: Column) -> Column:
    """Return whether a value is a JSON object, which is no list of any form."""
    return raw.startswith("{") & F.json_object_keys(raw).isNotNull()


def join(raw: Column) -> Column:
    """Return the comma-joined text of a JSON array, and any other text as it is."""
    listed = F.array_join(F.from_json(raw, "array<string>"), ",")
    return F.when(raw.startswith("["), F.coalesce(listed, raw)).otherwise(raw)


def join_spelled_out(text: Column) -> Column:
    """Return the text that stands in a list spelled out, such as T,w,o, ,w,o,r,d,s.

    Args:
        text: a plain column of comma-joined text, not yet tidied.
    """
    return F.when(text.rlike(_SPELLED_OUT), F.regexp_replace(text, "(?s)(.),", "$1")).otherwise(text)


def split(text: Column) -> Column:
    """Return the tags of comma-joined text in their order, without blanks, # and empty ones.

    Args:
        text: a plain column, tidied.
    """
    return F.split(F.rtrim(F.ltrim(text, F.lit(" ,#")), F.lit(" ,")), " ?,[ ,#]*+")


def normalise(tags: Column) -> Column:
    """Return no tags for the one that says so, and one for a list of nothing but single characters.

    Args:
        tags: a plain column of array<string>.
    """
    text = F.array_join(tags, "")
    none = F.lower(text).isin("", "no tags available")
    spelled = (F.size(tags) > 1) & (F.length(text) == F.size(tags))
    return (
        F.when(tags.isNull(), tags)
        .when(none, F.array().cast("array<string>"))
        .when(spelled, F.array(text))
        .otherwise(tags)
    )
