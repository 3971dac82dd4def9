"""Cleaning of text by Spark's own expressions."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.silver.text import TextPolicy

# White space of every kind, and four characters that look like it: the Braille blank and the Hangul fillers.
_BLANK = r"\s\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800\u115f\u3164\uffa0"
# Control, format and private-use characters, variation selectors, the keycap and the replacement character.
_INVISIBLE = r"\p{Cc}\p{Cf}\p{Co}\ufe00-\ufe0f\x{e0100}-\x{e01ef}\u20e3\ufffd"
# Unicode's Extended_Pictographic (Java 17 does not know the name), flags and skin tones, from U+2300 on.
# Characters before that, such as the trade mark sign, count as text.
_EMOJI = (
    r"\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe"
    r"\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733"
    r"\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935"
    r"\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\x{1f000}-\x{1faff}\x{1fc00}-\x{1fffd}"
)
# The intersection comes first, so that a printable ASCII character costs one comparison.
_DROPPED: dict[TextPolicy, str] = {
    "unicode": f"[[^ -~{_BLANK}]&&[{_INVISIBLE}{_EMOJI}]]+",
    "ascii": f"[^ -~{_BLANK}]+",
}
_CODE = "u[0-9a-fA-F]{4}"
# Matches only whole runs of backslashes: matching from each backslash would take quadratic time.
_BACKSLASHES = r"(?<!\\)\\++"
_ESCAPE = rf"{_BACKSLASHES}(?:[nrt]|{_CODE}|x[0-9a-fA-F]{{2}})"
_ESCAPED_MARK = rf"""{_BACKSLASHES}(?=["'/])"""
# Matches only where there is something to fix.
_BLANKS = f"[{_BLANK}&&[^ ]][{_BLANK}]*| [{_BLANK}]+"
# Text without any of these is tidy. Most text is, and one match is cheaper than five replacements.
_UNTIDY = r"[^ -~]|\\|  "
# Matches only from the start of a run of dots: a megabyte of dots must not take quadratic time.
_ELLIPSIS = r"(?<![ .\u2026])(\.(?= ))?(?=[ .\u2026]*?(?:\u2026|\.{3}))[ .\u2026]++$"


def tidy(raw: Column, *, policy: TextPolicy) -> Column:
    """Drop escapes, invisible characters and emoji; collapse white space and trim it at the ends.

    Args:
        raw: a plain column, because it is read more than once.
        policy: "unicode" keeps the letters of every script, "ascii" only ASCII characters.
    """
    visible = F.regexp_replace(_decode_escapes(raw), _DROPPED[policy], "")
    plain = F.regexp_replace(F.regexp_replace(visible, _ESCAPE, " "), _ESCAPED_MARK, "")
    return F.trim(F.when(raw.rlike(_UNTIDY), F.regexp_replace(plain, _BLANKS, " ")).otherwise(raw))


def _decode_escapes(raw: Column) -> Column:
    r"""Decode the \uXXXX escapes of text that was encoded as JSON once too often."""
    escaped = F.regexp_replace(raw, rf'\\(?!{_CODE})|"', r"\\$0")
    string = F.concat(F.lit('["'), escaped, F.lit('"]'))
    decoded = F.from_json(string, "array<string>", {"allowUnquotedControlChars": "true"})[0]
    return F.when(raw.rlike(rf"\\{_CODE}"), F.coalesce(decoded, raw)).otherwise(raw)


def drop_ellipsis(tidied: Column) -> Column:
    """Drop the ellipsis at the end of truncated text.

    Args:
        tidied: a plain column, because it is read more than once.
    """
    ends_in_dot = F.right(tidied, F.lit(1)).isin(".", "\u2026")
    return F.when(ends_in_dot, F.regexp_replace(tidied, _ELLIPSIS, "$1")).otherwise(tidied)


def drop_placeholders(tidied: Column, *placeholders: str) -> Column:
    """Replace empty text and the scraper's placeholders by null.

    Args:
        tidied: a plain column, because it is read more than once.
        placeholders: texts that mean that there is no value, in upper or lower case.
    """
    return F.when(~F.lower(tidied).isin("", *(text.lower() for text in placeholders)), tidied)
