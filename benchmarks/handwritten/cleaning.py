"""Cleaning of a pin's fields in Polars: from parsed text to silver's typed columns."""

from __future__ import annotations

import polars as pl

from benchmarks.handwritten import numbers, tags
from benchmarks.handwritten.text import TextPolicy, drop_ellipsis, drop_placeholders, tidy

# Pinlake has the same lists in a module that imports Spark, which this process must not.
_PLACEHOLDERS = {
    "index": (),
    "title": ("No Title Data Available",),
    "description": ("No description available", "No description available Story format", "Untitled"),
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
_STRIPPED = " \t\r\n\u00a0"
# Java's `$` also matches before a last line separator, which stays.
_SAVED_IN_PREFIX = r"^(?i-u:local save in)(?:[ \t\n\x0b\f\r]+|([\x{85}\x{2028}\x{2029}]?)$)"


def clean(parsed: pl.DataFrame, *, text_policy: TextPolicy) -> pl.DataFrame:
    """Clean and type the fields of parsed pins. A value that does not fit becomes null, with a reason.

    Args:
        parsed: PIN_FIELDS as text; all other columns are kept.
        text_policy: "unicode" keeps the letters of every script, "ascii" only ASCII characters.

    Returns:
        The same rows and columns, with the fields typed as in silver, plus cleaning_reasons (list of text).
    """
    return (
        parsed.with_columns(tags.find_objects(pl.col("tag_list")).alias("_no_list"))
        .with_columns(*_visible_texts(text_policy))
        .with_columns(drop_ellipsis(pl.col(field)) for field in _TRUNCATED_TEXTS)
        .with_columns(*_without_placeholders(), tags.split(pl.col("tag_list"), _NO_TAGS))
        .with_columns(
            numbers.parse_integer(pl.col("index")).alias("_index"),
            numbers.parse_count(pl.col("follower_count")).alias("_follower_count"),
            numbers.parse_flag(pl.col("downloaded")).alias("_downloaded"),
        )
        .with_columns(_reasons().alias("cleaning_reasons"))
        .with_columns(*_typed_numbers())
        .drop("_no_list", *(f"_{field}" for field in _NUMBERS))
    )


def _visible_texts(policy: TextPolicy) -> list[pl.Expr]:
    """Tidy each field; each step has columns of its own, so that no text is tidied twice."""
    tidied = [tidy(pl.col(field), policy=policy) for field in _FREE_TEXTS]
    tidied += [tidy(pl.col(field), policy="unicode") for field in _NUMBERS]
    joined = tags.join_spelled_out(tags.join(pl.col("tag_list")))
    tidied.append(tidy(pl.when(~pl.col("_no_list")).then(joined), policy=policy).alias("tag_list"))
    # A path or an address must not be rewritten: only the text around it is dropped.
    image_src, save_location = (
        pl.col(field).str.strip_chars(_STRIPPED) for field in ("image_src", "save_location")
    )
    path = save_location.str.replace(_SAVED_IN_PREFIX, "${1}").str.strip_chars(_STRIPPED)
    return [*tidied, image_src, path]


def _without_placeholders() -> list[pl.Expr]:
    return [drop_placeholders(pl.col(field), *texts) for field, texts in _PLACEHOLDERS.items()]


def _typed_numbers() -> list[pl.Expr]:
    index, followers = pl.col("_index"), pl.col("_follower_count")
    return [
        pl.when(index.is_between(numbers.INT_MIN, numbers.INT_MAX)).then(index).cast(pl.Int32).alias("index"),
        pl.when(followers.is_between(0, numbers.INT_MAX))
        .then(followers)
        .cast(pl.Int32)
        .alias("follower_count"),
        pl.col("_downloaded").cast(pl.Int32).alias("downloaded"),
    ]


def _reasons() -> pl.Expr:
    index, followers = pl.col("_index"), pl.col("_follower_count")
    unparsed = {field: pl.col(field).is_not_null() & pl.col(f"_{field}").is_null() for field in _NUMBERS}
    reasons = {
        "index.not_an_integer": unparsed["index"],
        "index.out_of_range": ~index.is_between(numbers.INT_MIN, numbers.INT_MAX),
        "follower_count.not_a_number": unparsed["follower_count"],
        "follower_count.out_of_range": ~followers.is_between(0, numbers.INT_MAX),
        "downloaded.not_a_flag": unparsed["downloaded"],
        "tag_list.not_a_list": pl.col("_no_list"),
    }
    return name_true(reasons)


def name_true(conditions: dict[str, pl.Expr]) -> pl.Expr:
    """Return the names of the conditions that a row meets, as a list in their order."""
    names = (pl.when(condition).then(pl.lit(name)) for name, condition in conditions.items())
    return pl.concat_list(*names).list.drop_nulls()
