"""Cleaning of text in Polars, case by case as the tests of Pinlake's cleaning have it."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from benchmarks.handwritten.text import TextPolicy, drop_ellipsis, drop_placeholders, tidy
from tests.cleaning_cases import TIDIED, WITHOUT_ELLIPSIS


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
