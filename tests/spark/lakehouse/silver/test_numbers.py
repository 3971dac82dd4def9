"""Parsing of numbers, counts and flags: too large differs from not a number."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.silver.numbers import parse_count, parse_flag, parse_number

BEYOND = Decimal(10**11)
NUMBERS = {
    "12": Decimal(12), "-12.5": Decimal("-12.5"), "+7": Decimal(7), "1.2e3": Decimal(1200), "1.": Decimal(1),
    ".5": Decimal("0.5"), "9" * 64: BEYOND, "1e99": BEYOND,
    "": None, ".": None, "1,2": None, "1 2": None, "0x10": None, "NaN": None, "12\n": None, "1e999": None,
    "9" * 65: None, None: None,
}  # fmt: skip
COUNTS = {
    "998": 998, "5k": 5_000, "1.2K": 1_200, "3 M": 3_000_000, "2b": 2_000_000_000, "1,234,567": 1_234_567,
    "1 234": 1_234, "0.5": 1, "1.4": 1, ".5k": 500, "-3": -3, "1.5e3": 1_500,
    "\uff11\uff12": 12, "\u0661\u0662k": 12_000, "\u06f1.\u06f5k": 1_500,
    "1,23": None, "12kk": None, "k": None, "": None, "1e3k": None, "many": None, None: None,
}  # fmt: skip
FLAGS = {
    "1": 1, "0": 0, "true": 1, "FALSE": 0, "yes": 1, "n": 0, "1.0": 1, "0.": 0, "1.000": 1,
    "2": None, "1.1": None, "10.0": None, "": None, "maybe": None, None: None,
}  # fmt: skip


def test_numbers(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(NUMBERS)), "n int, text string")

    rows = frame.select("n", parse_number(F.col("text")).alias("number")).orderBy("n").collect()

    assert dict(zip(NUMBERS, (row.number for row in rows), strict=True)) == NUMBERS


def test_counts_with_units_and_digits_of_other_scripts(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate([*COUNTS, "999999999999B"])), "n int, text string")

    *rows, largest = frame.select("n", parse_count(F.col("text")).alias("count")).orderBy("n").collect()

    assert dict(zip(COUNTS, (row["count"] for row in rows), strict=True)) == COUNTS
    assert largest["count"] >= BEYOND


def test_flags(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(FLAGS)), "n int, text string")

    rows = frame.select("n", parse_flag(F.col("text")).alias("flag")).orderBy("n").collect()

    assert dict(zip(FLAGS, (row.flag for row in rows), strict=True)) == FLAGS
