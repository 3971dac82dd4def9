"""Cleaning of text, function by function: escapes, invisible characters, ellipses and placeholders."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.silver.text import drop_ellipsis, drop_placeholders, tidy
from tests.cleaning_cases import TIDIED, WITHOUT_ELLIPSIS


def test_text_is_tidied_by_its_policy(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(TIDIED)), "n int, raw string")

    rows = frame.select(
        "n", tidy(F.col("raw"), policy="unicode").alias("u"), tidy(F.col("raw"), policy="ascii").alias("a")
    ).orderBy("n")

    assert {raw: (row.u, row.a) for raw, row in zip(TIDIED, rows.collect(), strict=True)} == TIDIED


def test_only_an_ellipsis_at_the_end_goes(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(WITHOUT_ELLIPSIS)), "n int, text string")

    rows = frame.select("n", drop_ellipsis(F.col("text")).alias("kept")).orderBy("n").collect()

    assert dict(zip(WITHOUT_ELLIPSIS, (row.kept for row in rows), strict=True)) == WITHOUT_ELLIPSIS


def test_placeholders_in_any_case_and_empty_text_are_null(spark: SparkSession) -> None:
    expected = {"Untitled": None, "UNTITLED": None, "": None, None: None, "Untitled 2": "Untitled 2"}
    frame = spark.createDataFrame(list(enumerate(expected)), "n int, text string")

    rows = frame.select("n", drop_placeholders(F.col("text"), "Untitled").alias("kept")).orderBy("n")

    assert dict(zip(expected, (row.kept for row in rows.collect()), strict=True)) == expected
