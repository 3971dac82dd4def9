"""The fields of a pin, from the text that came to what silver holds."""

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
_FREE_TEXTS = ("title", "description", "poster_name", "tag_list", "is_image_or_video", "category")
_NUMBERS = ("index", "follower_count", "downloaded")
_SAVED_IN = r"(?i)^local save in(?:\s+|$)"


def clean(rows: DataFrame, *, text_policy: TextPolicy) -> DataFrame:
    """Clean and type the fields of readable pins. A value that does not fit becomes null, with a reason.

    Each step is a projection of its own, so that what the next one reads twice is computed once.

    Args:
        rows: PIN_FIELDS as text, as `lakehouse.silver.parsing.parse` gives them.
        text_policy: "unicode" keeps the letters of every script, "ascii" only what ASCII has.

    Returns:
        The same rows and columns, the fields typed as in SILVER, plus cleaning_reasons (array<string>).
    """
    tag_list = F.col("tag_list")
    return (
        rows.withColumns({"tag_list": tags.join(tag_list), "_no_list": tags.is_object(tag_list)})
        .withColumns({"tag_list": F.when(~F.col("_no_list"), tags.join_spelled_out(tag_list))})
        .withColumns(_tidied(text_policy))
        .withColumns({field: drop_ellipsis(F.col(field)) for field in ("title", "description")})
        .withColumns(
            {field: drop_placeholders(F.col(field), *none) for field, none in _PLACEHOLDERS.items()}
            | {"tag_list": tags.split(tag_list)}
        )
        .withColumns(_read() | {"tag_list": tags.normalise(tag_list)})
        .withColumns({"cleaning_reasons": _reasons()})
        .withColumns(_typed())
        .drop("_no_list", *(f"_{field}" for field in _NUMBERS))
    )


def _tidied(policy: TextPolicy) -> dict[str, Column]:
    texts = {field: tidy(F.col(field), policy=policy) for field in _FREE_TEXTS}
    # A path or an address is not ours to spell: only what stands around it goes.
    paths = {
        "image_src": _stripped(F.col("image_src")),
        "save_location": _stripped(F.regexp_replace(_stripped(F.col("save_location")), _SAVED_IN, "")),
    }
    return texts | paths | {field: tidy(F.col(field), policy="unicode") for field in _NUMBERS}


def _stripped(text: Column) -> Column:
    return F.btrim(text, F.lit(" \t\r\n\u00a0"))


def _read() -> dict[str, Column]:
    return {
        "_index": numbers.parse_number(F.col("index")),
        "_follower_count": numbers.parse_count(F.col("follower_count")),
        "_downloaded": numbers.parse_flag(F.col("downloaded")),
    }


def _typed() -> dict[str, Column]:
    whole = F.col("_index") == F.round("_index")
    return {
        "index": F.when(whole, F.col("_index").try_cast("int")),
        "follower_count": F.when(F.col("_follower_count") >= 0, F.col("_follower_count").try_cast("int")),
        "downloaded": F.col("_downloaded"),
    }


def _reasons() -> Column:
    index, followers = F.col("_index"), F.col("_follower_count")
    unread = {field: F.col(field).isNotNull() & F.col(f"_{field}").isNull() for field in _NUMBERS}
    reasons = (
        F.when(unread["index"] | (index != F.round(index)), "index.not_an_integer").when(
            ~index.between(-numbers.INT_MAX - 1, numbers.INT_MAX), "index.out_of_range"
        ),
        F.when(unread["follower_count"], "follower_count.not_a_number").when(
            ~followers.between(0, numbers.INT_MAX), "follower_count.out_of_range"
        ),
        F.when(unread["downloaded"], "downloaded.not_a_flag"),
        F.when(F.col("_no_list"), "tag_list.not_a_list"),
    )
    # array_compact would be a lambda, which Spark interprets row by row.
    return F.array_remove(F.array(*(F.coalesce(reason, F.lit("")) for reason in reasons)), "")
