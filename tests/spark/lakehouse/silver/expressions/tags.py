"""Lists of tags by Spark's own expressions: a JSON array or comma-joined text."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# One character, then a comma before each further one. Possessive, so that long text causes no recursion.
_SPELLED_OUT = r"(?s)^.(?:,.)++\z"


def is_object(raw: Column) -> Column:
    """Return whether a value is a JSON object, which is not a list in either form."""
    return raw.startswith("{") & F.json_object_keys(raw).isNotNull()


def join(raw: Column) -> Column:
    """Return the comma-joined text of a JSON array, and any other text unchanged."""
    listed = F.array_join(F.from_json(raw, "array<string>"), ",")
    return F.when(raw.startswith("["), F.coalesce(listed, raw)).otherwise(raw)


def join_spelled_out(text: Column) -> Column:
    """Return the text of a list with a comma between all characters, such as T,w,o, ,w,o,r,d,s.

    Args:
        text: a plain column of comma-joined text, not yet tidied.
    """
    return F.when(text.rlike(_SPELLED_OUT), F.regexp_replace(text, "(?s)(.),", "$1")).otherwise(text)


def split(text: Column) -> Column:
    """Return the tags of comma-joined text in order, without surrounding blanks, leading # and empty tags.

    Args:
        text: a plain column, tidied.
    """
    return F.array_remove(F.split(F.rtrim(F.ltrim(text, F.lit(" ,#")), F.lit(" ,")), " ?,[ ,#]*+"), "")


def normalise(tags: Column) -> Column:
    """Return an empty list for the placeholder of no tags, and one tag for a list of only single characters.

    Args:
        tags: a plain column of array<string>.
    """
    text = F.array_join(tags, "")
    is_placeholder = F.lower(text).isin("", "no tags available")
    is_spelled_out = (F.size(tags) > 1) & (F.length(text) == F.size(tags))
    return (
        F.when(tags.isNull(), tags)
        .when(is_placeholder, F.array().cast("array<string>"))
        .when(is_spelled_out, F.array(text))
        .otherwise(tags)
    )
