"""Cleaning of text in Polars, case by case as the tests of Pinlake's cleaning have it."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from benchmarks.handwritten.text import TextPolicy, drop_ellipsis, drop_placeholders, tidy

# Text, and what is left of it under the policies unicode and ascii.
TIDIED = {
    "plain text": ("plain text", "plain text"),
    "": ("", ""),
    " \t two\r\n  lines\u3000": ("two lines", "two lines"),
    "Braille\u2800blank": ("Braille blank", "Braille blank"),
    "soft\u00adhyphen\ufeff": ("softhyphen", "softhyphen"),
    "trade mark\u2122": ("trade mark\u2122", "trade mark"),
    "\u2600 sun \U0001f1eb\U0001f1f7 flag": ("sun flag", "sun flag"),
    "1\ufe0f\u20e3 keycap": ("1 keycap", "1 keycap"),
    "na\u00efve \u6f22\u5b57 text": ("na\u00efve \u6f22\u5b57 text", "nave text"),
    "a\\nb\\tc": ("a b c", "a b c"),
    "a\\\\\\nb": ("a b", "a b"),
    'it\\\'s \\"so\\" \\/': ('it\'s "so" /', 'it\'s "so" /'),
    "caf\\u00e9": ("caf\u00e9", "caf"),
    "C:\\data\\art": ("C:\\data\\art", "C:\\data\\art"),
    "half \\ud83d, whole \\ud83d\\ude00.": ("half ?, whole .", "half ?, whole ."),
    "\u0928\u092e\u200d\u0938\u094d\u0924\u0947": ("\u0928\u092e\u0938\u094d\u0924\u0947", ""),
}
WITHOUT_ELLIPSIS = {
    "cut off...": "cut off",
    "cut off ....": "cut off",
    "cut off\u2026": "cut off",
    "a sentence. ...": "a sentence.",
    "a sentence.": "a sentence.",
    "two dots..": "two dots..",
    "...": "",
    "in ... the middle": "in ... the middle",
    "": "",
    "." * 100_000: "",
}


@pytest.mark.parametrize(("policy", "place"), [("unicode", 0), ("ascii", 1)])
def test_text_is_tidied_by_its_policy(policy: TextPolicy, place: int) -> None:
    expected = {raw: kept[place] for raw, kept in TIDIED.items()}
    assert _apply(list(expected), lambda text: tidy(text, policy=policy)) == list(expected.values())


def test_only_an_ellipsis_at_the_end_goes() -> None:
    assert _apply(list(WITHOUT_ELLIPSIS), drop_ellipsis) == list(WITHOUT_ELLIPSIS.values())


def test_placeholders_in_any_case_and_empty_text_are_null() -> None:
    texts = ["Untitled", "UNTITLED", "", None, "Untitled 2", "\u017funtitled"]
    kept = _apply(texts, lambda text: drop_placeholders(text, "Untitled"))
    assert kept == [None, None, None, None, "Untitled 2", "\u017funtitled"]


def test_the_largest_texts_are_tidied_in_linear_time() -> None:
    texts = ["\\" * 100_000, " " * 100_000 + "x"]
    assert _apply(texts, lambda text: tidy(text, policy="unicode")) == [texts[0], "x"]


def _apply(texts: list[str | None] | list[str], function: Callable[[pl.Expr], pl.Expr]) -> list[str | None]:
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    return frame.select(function(pl.col("text"))).to_series().to_list()
