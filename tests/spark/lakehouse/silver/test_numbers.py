"""Parsing of integers, counts and flags: too large differs from not a number."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.silver.numbers import parse_count, parse_flag, parse_integer

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
    "1 234": 1_234, "0.5": 1, "1.4": 1, ".5k": 500, "-3": -3, "1.5e3": 1_500,
    "\uff11\uff12": 12, "\u0661\u0662k": 12_000, "\u06f1.\u06f5k": 1_500,
    "999999999": 999_999_999, "9999999999": 9_999_999_999, "999999999B": BEYOND, "-9" + "0" * 50: -BEYOND,
    "1,23": None, "12kk": None, "k": None, "": None, "1e3k": None, "many": None, None: None,
}  # fmt: skip
FLAGS = {
    "1": 1, "0": 0, "true": 1, "FALSE": 0, "yes": 1, "n": 0, "1.0": 1, "0.": 0, "1.000": 1,
    "2": None, "1.1": None, "10.0": None, "": None, "maybe": None, None: None,
}  # fmt: skip


def test_integers(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(INTEGERS)), "n int, text string")

    rows = frame.select("n", parse_integer(F.col("text")).alias("number")).orderBy("n").collect()

    assert dict(zip(INTEGERS, (row.number for row in rows), strict=True)) == INTEGERS


def test_counts_with_units_and_digits_of_other_scripts(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(COUNTS)), "n int, text string")

    rows = frame.select("n", parse_count(F.col("text")).alias("count")).orderBy("n").collect()

    assert dict(zip(COUNTS, (row["count"] for row in rows), strict=True)) == COUNTS


def test_flags(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(FLAGS)), "n int, text string")

    rows = frame.select("n", parse_flag(F.col("text")).alias("flag")).orderBy("n").collect()

    assert dict(zip(FLAGS, (row.flag for row in rows), strict=True)) == FLAGS
