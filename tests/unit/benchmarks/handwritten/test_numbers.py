"""Parsing of integers, counts and flags in Polars, with the cases of the tests of Pinlake's cleaning."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from benchmarks.handwritten.numbers import parse_count, parse_flag, parse_integer
from tests.cleaning_cases import COUNTS, FLAGS, INTEGERS


@pytest.mark.parametrize(
    ("parse", "expected"), [(parse_integer, INTEGERS), (parse_count, COUNTS), (parse_flag, FLAGS)]
)
def test_every_spelling_of_a_number(
    parse: Callable[[pl.Expr], pl.Expr], expected: dict[str | None, int | None]
) -> None:
    frame = pl.DataFrame({"text": pl.Series(list(expected), dtype=pl.String)})
    parsed = frame.select(parse(pl.col("text"))).to_series()
    assert dict(zip(expected, parsed, strict=True)) == expected
