"""Lists of tags in Polars, in two forms: a JSON array or comma-joined text."""

from __future__ import annotations

import polars as pl

from benchmarks.handwritten.json_text import is_object, join_list
from benchmarks.handwritten.text import change_where, is_placeholder

# One character, then a comma before each further one.
_SPELLED_OUT = "(?s)^.(?:,.)+$"
_UNTIDY_COMMA = " ,|,[ ,#]"
_SINGLE_CHARACTERS = "(?s)^[^,](?:,[^,])+$"


def find_objects(raw: pl.Expr) -> pl.Expr:
    """Return whether each value is a JSON object, which is not a list in either form."""
    return raw.map_batches(_find_objects, return_dtype=pl.Boolean)


def join(raw: pl.Expr) -> pl.Expr:
    """Return the comma-joined text of a JSON array, and any other text unchanged."""
    return raw.map_batches(
        lambda texts: change_where(texts, r"^\[", lambda lists: lists.map_elements(join_list, pl.String)),
        return_dtype=pl.String,
    )


def join_spelled_out(text: pl.Expr) -> pl.Expr:
    """Return the text of a list with a comma between all characters, such as T,w,o, ,w,o,r,d,s."""
    return text.map_batches(
        lambda texts: change_where(
            texts, _SPELLED_OUT, lambda each: each.str.replace_all("(?s)(.),", "${1}")
        ),
        return_dtype=pl.String,
    )


def split(tidied: pl.Expr, placeholder: str) -> pl.Expr:
    """Return the tags of comma-joined text in order, without surrounding blanks, leading # and empty tags.

    A list of only single characters becomes one tag, and a placeholder an empty list.

    Args:
        tidied: text.
        placeholder: text that means that there are no tags.
    """
    return tidied.map_batches(lambda texts: _split(texts, placeholder), return_dtype=pl.List(pl.String))


def _find_objects(texts: pl.Series) -> pl.Series:
    found = texts.str.starts_with("{").fill_null(False)
    at = found.arg_true()
    return found.scatter(at, texts.gather(at).map_elements(is_object, pl.Boolean)) if len(at) else found


def _split(texts: pl.Series, placeholder: str) -> pl.Series:
    ends = texts.str.strip_chars_start(" ,#").str.strip_chars_end(" ,")
    tags = change_where(ends, _UNTIDY_COMMA, lambda each: each.str.replace_all(" ?,[ ,#]*", ","))
    # A # may end a tag, so the text can still end in a comma and a # that belongs to none.
    tags = change_where(tags.str.strip_chars_end(","), _SINGLE_CHARACTERS, _without_commas)
    is_empty = pl.select(is_placeholder(pl.lit(_without_commas(tags)), placeholder)).to_series()
    none = pl.lit([], dtype=pl.List(pl.String))
    return pl.select(pl.when(is_empty).then(none).otherwise(tags.str.split(","))).to_series()


def _without_commas(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(",", "", literal=True)
