"""Parsing of integers, counts and flags: too large differs from not a number."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.silver.numbers import parse_count, parse_flag, parse_integer
from tests.cleaning_cases import COUNTS, FLAGS, INTEGERS


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
