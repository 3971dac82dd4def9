"""Parsing of integers, counts and flags in Polars, with the cases of the tests of Pinlake's cleaning."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from benchmarks.handwritten.numbers import parse_count, parse_flag, parse_integer

BEYOND = 10**12
INTEGERS = {
    "12": 12, "007": 7, "-12": -12, "+7": 7, "7.0": 7, "1.": 1, "1.2e3": 1200,
    "12e-1": None, "-12.5": None, ".5": None,
    "1.0000000000004": 1, "0.9999999999996": 1, "999999999999": 10**12 - 1, "2147483648": 2**31,
    "9" * 64: BEYOND, "-" + "9" * 63: -BEYOND, "1e99": BEYOND, "0e37": 0, "0e38": BEYOND,
    "1234567890123.5": BEYOND,
    "": None, ".": None, "1,2": None, "1 2": None, "0x10": None, "NaN": None, "12\n": None, "1e999": None,
    "9" * 65: None, None: None,
}  # fmt: skip
COUNTS = {
    "998": 998, "5k": 5_000, "1.2K": 1_200, "3 M": 3_000_000, "2b": 2_000_000_000, "1,234,567": 1_234_567,
    "1 234": 1_234, "0.5": 1, "1.4": 1, "2.5": 3, "1.2345k": 1_235, ".5k": 500, "-3": -3, "1.5e3": 1_500,
    "\uff11\uff12": 12, "\u0661\u0662k": 12_000, "\u06f1.\u06f5k": 1_500, "221k": 221_000,
    "999999999": 999_999_999, "9999999999": 9_999_999_999, "999999999B": BEYOND, "-9" + "0" * 50: -BEYOND,
    "1,23": None, "12kk": None, "k": None, "": None, "1e3k": None, "many": None, None: None,
}  # fmt: skip
FLAGS = {
    "1": 1, "0": 0, "true": 1, "FALSE": 0, "yes": 1, "n": 0, "1.0": 1, "0.": 0, "1.000": 1, "01": None,
    "2": None, "1.1": None, "10.0": None, "10": None, "": None, "maybe": None, None: None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("parse", "expected"), [(parse_integer, INTEGERS), (parse_count, COUNTS), (parse_flag, FLAGS)]
)
def test_every_spelling_of_a_number(
    parse: Callable[[pl.Expr], pl.Expr], expected: dict[str | None, int | None]
) -> None:
    frame = pl.DataFrame({"text": pl.Series(list(expected), dtype=pl.String)})
    parsed = frame.select(parse(pl.col("text"))).to_series()
    assert dict(zip(expected, parsed, strict=True)) == expected
