"""Cleaning of a pin's fields: from parsed text to silver's typed columns."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.silver import numbers, tags
from lakehouse.silver.text import TextPolicy, drop_ellipsis, drop_placeholders, tidy

_PLACEHOLDERS = {
    "index": (),
    "title": ("No Title Data Available",),
    "description": (
        "No description available",
        "No description available Story format",
        "Untitled",
    ),
    "poster_name": ("User Info Error",),
    "follower_count": ("User Info Error",),
    "is_image_or_video": (),
    "image_src": ("Image src error.",),
    "downloaded": (),
    "save_location": (),
    "category": (),
}
_NO_TAGS = "No Tags Available"
_FREE_TEXTS = ("title", "description", "poster_name", "is_image_or_video", "category")
_TRUNCATED_TEXTS = ("title", "description")
_NUMBERS = ("index", "follower_count", "downloaded")
_SAVED_IN_PREFIX = r"(?i)^local save in(?:\s+|$)"


def clean(rows: DataFrame, *, text_policy: TextPolicy) -> DataFrame:
    """Clean and type the fields of parsed pins. A value that does not fit becomes null, with a reason.

    Each step is a separate projection, so that a column that the next step reads twice is computed once.

    Args:
        rows: PIN_FIELDS as text, as `lakehouse.silver.parsing.parse` returns them.
        text_policy: "unicode" keeps the letters of every script, "ascii" only ASCII characters.

    Returns:
        The same rows and columns, with the fields typed as in SILVER, plus cleaning_reasons (array<string>).
    """
    return (
        rows.withColumn("_no_list", tags.is_object(F.col("tag_list")))
        .withColumns(_cleaned_texts(text_policy) | {"tag_list": _split_tags(text_policy)})
        .withColumns(_parsed_numbers())
        .withColumns({"cleaning_reasons": _reasons()})
        .withColumns(_typed_columns())
        .drop("_no_list", *(f"_{field}" for field in _NUMBERS))
    )


def _cleaned_texts(policy: TextPolicy) -> dict[str, Column]:
    texts = {field: tidy(F.col(field), policy=policy) for field in _FREE_TEXTS}
    texts |= {field: drop_ellipsis(texts[field]) for field in _TRUNCATED_TEXTS}
    texts |= {field: tidy(F.col(field), policy="unicode") for field in _NUMBERS}
    # A path or an address must not be rewritten: only the text around it is dropped.
    texts["image_src"] = _strip(F.col("image_src"))
    texts["save_location"] = _strip(F.regexp_replace(_strip(F.col("save_location")), _SAVED_IN_PREFIX, ""))
    return {
        field: drop_placeholders(texts[field], *placeholders) for field, placeholders in _PLACEHOLDERS.items()
    }


def _strip(text: Column) -> Column:
    return F.btrim(text, F.lit(" \t\r\n\u00a0"))


def _split_tags(policy: TextPolicy) -> Column:
    joined = F.when(~F.col("_no_list"), tags.join(F.col("tag_list")))
    return tags.split(tidy(tags.join_spelled_out(joined), policy=policy), _NO_TAGS)


def _parsed_numbers() -> dict[str, Column]:
    return {
        "_index": numbers.parse_integer(F.col("index")),
        "_follower_count": numbers.parse_count(F.col("follower_count")),
        "_downloaded": numbers.parse_flag(F.col("downloaded")),
    }


def _typed_columns() -> dict[str, Column]:
    return {
        "index": F.col("_index").try_cast("int"),
        "follower_count": F.when(F.col("_follower_count") >= 0, F.col("_follower_count").try_cast("int")),
        "downloaded": F.col("_downloaded"),
    }


def _reasons() -> Column:
    index, followers = F.col("_index"), F.col("_follower_count")
    unparsed = {field: F.col(field).isNotNull() & F.col(f"_{field}").isNull() for field in _NUMBERS}
    reasons = (
        F.when(unparsed["index"], "index.not_an_integer").when(
            ~index.between(numbers.INT_MIN, numbers.INT_MAX), "index.out_of_range"
        ),
        F.when(unparsed["follower_count"], "follower_count.not_a_number").when(
            ~followers.between(0, numbers.INT_MAX), "follower_count.out_of_range"
        ),
        F.when(unparsed["downloaded"], "downloaded.not_a_flag"),
        F.when(F.col("_no_list"), "tag_list.not_a_list"),
    )
    # array_compact would be a lambda, which Spark interprets row by row.
    return F.array_remove(F.array(*(F.coalesce(reason, F.lit("")) for reason in reasons)), "")
