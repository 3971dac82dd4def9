"""Cleaning of a pin's fields by Spark's own expressions: what `lakehouse.silver.cleaning` must give."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.silver import cleaning
from lakehouse.silver.text import TextPolicy
from tests.spark.lakehouse.silver.expressions import numbers, tags
from tests.spark.lakehouse.silver.expressions.text import drop_ellipsis, drop_placeholders, tidy

# What is true of pins is the same on both sides; what is compared are the functions.
_FREE_TEXTS = (*cleaning._FREE_TEXTS, "tag_list")
_NUMBERS, _PLACEHOLDERS = cleaning._NUMBERS, cleaning._PLACEHOLDERS


def clean(rows: DataFrame, *, text_policy: TextPolicy) -> DataFrame:
    """Clean and type the fields of parsed pins. A value that does not fit becomes null, with a reason.

    Each step is a separate projection, so that a column that the next step reads twice is computed once.

    Args:
        rows: PIN_FIELDS as text, as `lakehouse.silver.parsing.parse` returns them.
        text_policy: "unicode" keeps the letters of every script, "ascii" only ASCII characters.

    Returns:
        The same rows and columns, with the fields typed as in SILVER, plus cleaning_reasons (array<string>).
    """
    tag_list = F.col("tag_list")
    return (
        rows.withColumns({"tag_list": tags.join(tag_list), "_no_list": tags.is_object(tag_list)})
        .withColumns({"tag_list": F.when(~F.col("_no_list"), tags.join_spelled_out(tag_list))})
        .withColumns(_tidy_columns(text_policy))
        .withColumns({field: drop_ellipsis(F.col(field)) for field in ("title", "description")})
        .withColumns(
            {field: drop_placeholders(F.col(field), *texts) for field, texts in _PLACEHOLDERS.items()}
            | {"tag_list": tags.split(tag_list)}
        )
        .withColumns(_parsed_numbers() | {"tag_list": tags.normalise(tag_list)})
        .withColumns({"cleaning_reasons": _reasons()})
        .withColumns(_typed_columns())
        .drop("_no_list", *(f"_{field}" for field in _NUMBERS))
    )


def _tidy_columns(policy: TextPolicy) -> dict[str, Column]:
    texts = {field: tidy(F.col(field), policy=policy) for field in _FREE_TEXTS}
    # A path or an address must not be rewritten: only the text around it is dropped.
    paths = {
        "image_src": _strip(F.col("image_src")),
        "save_location": _strip(
            F.regexp_replace(_strip(F.col("save_location")), cleaning._SAVED_IN_PREFIX, "")
        ),
    }
    return texts | paths | {field: tidy(F.col(field), policy="unicode") for field in _NUMBERS}


def _strip(text: Column) -> Column:
    return F.btrim(text, F.lit(" \t\r\n\u00a0"))


def _parsed_numbers() -> dict[str, Column]:
    return {
        "_index": numbers.parse_number(F.col("index")),
        "_follower_count": numbers.parse_count(F.col("follower_count")),
        "_downloaded": numbers.parse_flag(F.col("downloaded")),
    }


def _typed_columns() -> dict[str, Column]:
    is_whole = F.col("_index") == F.round("_index")
    return {
        "index": F.when(is_whole, F.col("_index").try_cast("int")),
        "follower_count": F.when(F.col("_follower_count") >= 0, F.col("_follower_count").try_cast("int")),
        "downloaded": F.col("_downloaded"),
    }


def _reasons() -> Column:
    index, followers = F.col("_index"), F.col("_follower_count")
    unparsed = {field: F.col(field).isNotNull() & F.col(f"_{field}").isNull() for field in _NUMBERS}
    reasons = (
        F.when(unparsed["index"] | (index != F.round(index)), "index.not_an_integer").when(
            ~index.between(-numbers.INT_MAX - 1, numbers.INT_MAX), "index.out_of_range"
        ),
        F.when(unparsed["follower_count"], "follower_count.not_a_number").when(
            ~followers.between(0, numbers.INT_MAX), "follower_count.out_of_range"
        ),
        F.when(unparsed["downloaded"], "downloaded.not_a_flag"),
        F.when(F.col("_no_list"), "tag_list.not_a_list"),
    )
    # array_compact would be a lambda, which Spark interprets row by row.
    return F.array_remove(F.array(*(F.coalesce(reason, F.lit("")) for reason in reasons)), "")
