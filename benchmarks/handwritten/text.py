"""Cleaning of text in Polars: escapes, invisible characters, emoji, surplus spaces and placeholders."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import polars as pl

TextPolicy = Literal["unicode", "ascii"]

# White space of every kind, and four characters that look like it: the Braille blank and the Hangul fillers.
_BLANK = (
    r"\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{2800}\x{115f}"
    r"\x{3164}\x{ffa0}"
)
# Control, format and private-use characters, variation selectors, the keycap and the replacement character.
_INVISIBLE = r"\p{Cc}\p{Cf}\p{Co}\x{fe00}-\x{fe0f}\x{e0100}-\x{e01ef}\x{20e3}\x{fffd}"
_EMOJI = (
    "231a 231b 2328 2388 23cf 23e9-23f3 23f8-23fa 25aa 25ab 25b6 25c0 25fb-25fe 2600-2605 2607-2612 "
    "2614-2685 2690-2705 2708-2712 2714 2716 271d 2721 2728 2733 2734 2744 2747 274c 274e 2753-2755 2757 "
    "2763-2767 2795-2797 27a1 27b0 27bf 2934 2935 2b05-2b07 2b1b 2b1c 2b50 2b55 3030 303d "
    "1f000-1faff 1fc00-1fffd"
)
_EMOJI_CLASS = re.sub(r"[0-9a-f]+", r"\\x{\g<0>}", _EMOJI).replace(" ", "")
_DROPPED: dict[TextPolicy, str] = {
    "unicode": f"[{_INVISIBLE}{_EMOJI_CLASS}--[{_BLANK}]]+",
    "ascii": f"[^ -~{_BLANK}]+",
}
_BLANKS = f"[{_BLANK}]+"
_BACKSLASH = r"\\"
_CODE = r"\\u[0-9a-fA-F]{4}"
_ESCAPE = r"\\+(?:[nrt]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})"
_ESCAPED_MARK = r"""\\+(["'/])"""
# Text without any of these is tidy but for the spaces at its ends.
_UNTIDY = r"[^ -~]|\\|  "
_ENDS_IN_ELLIPSIS = r"(?:\.{3}|…)[ .…]*$"
# A full stop stays if a space separates it from the ellipsis.
_ELLIPSIS = r"(?:(\.) [ .…]*|[ .…]+)$"


def tidy(raw: pl.Expr, *, policy: TextPolicy) -> pl.Expr:
    """Drop escapes, invisible characters and emoji; collapse white space and trim it at the ends.

    Args:
        raw: text.
        policy: "unicode" keeps the letters of every script, "ascii" only ASCII characters.
    """
    return raw.map_batches(lambda texts: _tidy(texts, _DROPPED[policy]), return_dtype=pl.String)


def drop_ellipsis(tidied: pl.Expr) -> pl.Expr:
    """Drop the ellipsis at the end of truncated text, with the dots and spaces around it."""
    ends_in_dot = tidied.str.ends_with(".") | tidied.str.ends_with("…")
    is_truncated = ends_in_dot & tidied.str.contains(_ENDS_IN_ELLIPSIS)
    return pl.when(is_truncated).then(tidied.str.replace(_ELLIPSIS, "${1}")).otherwise(tidied)


def drop_placeholders(tidied: pl.Expr, *placeholders: str) -> pl.Expr:
    """Replace empty text and the scraper's placeholders by null.

    Args:
        tidied: text.
        placeholders: texts that mean that there is no value, in upper or lower case.
    """
    return pl.when(~is_placeholder(tidied, *placeholders)).then(tidied)


def is_placeholder(tidied: pl.Expr, *placeholders: str) -> pl.Expr:
    """Return whether text is empty or a placeholder, which must be ASCII without a k.

    The Kelvin sign is a k in lower case, so that another comparison would be needed for that letter.
    """
    texts = "|".join(map(re.escape, placeholders))
    return (tidied == "") | tidied.str.contains(rf"^(?i-u:{texts})$") if texts else tidied == ""


def change_where(texts: pl.Series, pattern: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Change the texts that match a pattern, which are often few; the others stay as they are."""
    at = texts.str.contains(pattern).arg_true()
    return texts if at.is_empty() else texts.scatter(at, change(texts.gather(at)))


def _tidy(texts: pl.Series, dropped: str) -> pl.Series:
    def tidy_untidy(untidy: pl.Series) -> pl.Series:
        visible = change_where(untidy, _CODE, _decode_escapes).str.replace_all(dropped, "")
        return change_where(visible, _BACKSLASH, _drop_escapes).str.replace_all(_BLANKS, " ")

    return change_where(texts, _UNTIDY, tidy_untidy).str.strip_chars(" ")


def _drop_escapes(texts: pl.Series) -> pl.Series:
    """Replace escapes of white space and of characters by a space; drop backslashes before marks."""
    return texts.str.replace_all(_ESCAPE, " ").str.replace_all(_ESCAPED_MARK, "${1}")


def _decode_escapes(texts: pl.Series) -> pl.Series:
    return pl.Series(map(_decode, texts), dtype=pl.String)


def _decode(text: str) -> str:
    """Decode escapes that name a UTF-16 unit; half of a surrogate pair becomes a question mark."""
    units = re.sub(_CODE, lambda code: chr(int(code[0][2:], 16)), text)
    paired = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return paired.encode("utf-8", "replace").decode()
