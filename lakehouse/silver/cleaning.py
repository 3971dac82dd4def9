"""A pin's fields from the text that came to what silver holds."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.silver import numbers, tags
from lakehouse.silver.text import TextPolicy, tidy, without_ellipsis, without_placeholders

_INT = (-(2**31), 2**31 - 1)
_NOBODY = "User Info Error"


def clean(rows: DataFrame, *, text_policy: TextPolicy) -> DataFrame:
    """Clean and type the fields of readable pins. A value that does not fit becomes null, with a reason.

    Args:
        rows: PIN_FIELDS as text, as `lakehouse.silver.parsing.parse` gives them.
        text_policy: "unicode" keeps the letters of every script, "ascii" drops all that is not ASCII.

    Returns:
        The same rows and columns, the fields typed as in SILVER, plus cleaning_reasons (array<string>).
    """
    texts = ("title", "description", "poster_name", "is_image_or_video", "category", "tag_list")
    plain = ("index", "follower_count", "image_src", "downloaded", "save_location")
    return (
        rows.withColumns({"tag_list": tags.joined(F.col("tag_list"))})
        .withColumns(
            {field: tidy(F.col(field), policy=text_policy) for field in texts}
            | {field: F.trim(F.col(field)) for field in plain}
        )
        .withColumns({field: without_ellipsis(F.col(field)) for field in ("title", "description")})
        .withColumns(_named())
        .withColumns(_numbers())
        .withColumns({"cleaning_reasons": F.array_compact(F.array(*_reasons()))})
        .withColumns(
            {
                "index": F.col("_index").try_cast("int"),
                "follower_count": F.when(F.col("_count") >= 0, F.col("_count")).try_cast("int"),
                "downloaded": F.col("_flag"),
            }
        )
        .drop("_index", "_count", "_flag")
    )


def _named() -> dict[str, Column]:
    path = F.regexp_replace("save_location", r"^Local save in\s+", "")
    return {
        "title": without_placeholders(F.col("title"), "No Title Data Available"),
        "description": without_placeholders(
            F.col("description"),
            "No description available",
            "No description available Story format",
            "Untitled",
        ),
        "poster_name": without_placeholders(F.col("poster_name"), _NOBODY),
        "follower_count": without_placeholders(F.col("follower_count"), _NOBODY),
        "image_src": without_placeholders(F.col("image_src"), "Image src error."),
        "save_location": without_placeholders(path),
        "tag_list": tags.split(F.col("tag_list")),
    } | {
        field: without_placeholders(F.col(field))
        for field in ("index", "is_image_or_video", "downloaded", "category")
    }


def _numbers() -> dict[str, Column]:
    return {
        "_index": numbers.integer(F.col("index")),
        "_count": numbers.count(F.col("follower_count")),
        "_flag": numbers.flag(F.col("downloaded")),
    }


def _reasons() -> list[Column]:
    def missed(field: str, typed: str) -> Column:
        return F.col(field).isNotNull() & F.col(typed).isNull()

    return [
        F.when(missed("index", "_index"), "index.not_an_integer").when(
            ~F.col("_index").between(*_INT), "index.out_of_range"
        ),
        F.when(missed("follower_count", "_count"), "follower_count.not_a_number").when(
            ~F.col("_count").between(0, _INT[1]), "follower_count.out_of_range"
        ),
        F.when(missed("downloaded", "_flag"), "downloaded.not_a_flag"),
    ]
