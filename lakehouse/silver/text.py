"""Text as a person would type it."""

from __future__ import annotations

from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

TextPolicy = Literal["unicode", "ascii"]

# Spaces of every kind, and three characters that only look like one: Braille blank and the Hangul fillers.
_BLANK = r"\s\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800\u3164\uffa0"
_INVISIBLE = r"\p{Cc}\p{Cf}\p{Co}\ufe00-\ufe0f\x{e0100}-\x{e01ef}\u20e3\ufffd"
# Unicode's Extended_Pictographic (which Java 17's regular expressions lack by name), flags and skin tones;
# of the characters below U+2300, which are mostly read as text (such as the trade mark sign), none.
_EMOJI = (
    r"\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe"
    r"\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733"
    r"\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935"
    r"\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\x{1f000}-\x{1faff}\x{1fc00}-\x{1fffd}"
)
# The intersection is first, so that plain ASCII is passed with one comparison a character.
_DROPPED: dict[TextPolicy, str] = {
    "unicode": f"[[^ -~{_BLANK}]&&[{_INVISIBLE}{_EMOJI}]]+",
    "ascii": f"[^ -~{_BLANK}]+",
}
_ESCAPE = r"\\+(?:[nrt]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})"
_ESCAPED_MARK = r"""\\+(?=["'/])"""
# Matches only where there is something to mend: clean text is not copied.
_BLANKS = f"[{_BLANK}&&[^ ]][{_BLANK}]*| [{_BLANK}]+"
# From the start of the run of dots alone, so that a megabyte of dots takes no quadratic time.
_ELLIPSIS = r"(?<![ .\u2026])(\.(?= ))?(?=[ .\u2026]*?(?:\u2026|\.{3}))[ .\u2026]++$"


def tidy(raw: Column, *, policy: TextPolicy) -> Column:
    """Drop what nobody typed, and leave single spaces between words and none at the ends.

    Args:
        raw: text.
        policy: "unicode" keeps the letters of every script, "ascii" what ASCII has.
    """
    visible = F.regexp_replace(raw, _DROPPED[policy], "")
    spelled = F.regexp_replace(F.regexp_replace(visible, _ESCAPE, " "), _ESCAPED_MARK, "")
    return F.trim(F.regexp_replace(spelled, _BLANKS, " "))


def without_ellipsis(tidied: Column) -> Column:
    """Drop the ellipsis at the end of a text that was cut off."""
    return F.regexp_replace(tidied, _ELLIPSIS, "$1")


def without_placeholders(tidied: Column, *placeholders: str) -> Column:
    """Make null of an empty text and of what the scraper writes for nothing, in any case."""
    return F.when(~F.lower(tidied).isin("", *(text.lower() for text in placeholders)), tidied)
