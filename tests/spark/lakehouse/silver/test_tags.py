"""Lists of tags, function by function: both forms, spelled-out text and the placeholder of no tags."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.silver.tags import is_object, join, join_spelled_out, split
from tests.cleaning_cases import RAW, TAGS


def test_both_forms_of_a_list_are_joined(spark: SparkSession) -> None:
    raw = F.col("raw")
    frame = spark.createDataFrame(list(enumerate(RAW)), "n int, raw string")

    rows = frame.select(
        "n", is_object(raw).alias("o"), join(raw).alias("j"), join_spelled_out(raw).alias("s")
    ).orderBy("n")

    assert {text: (row.o, row.j, row.s) for text, row in zip(RAW, rows.collect(), strict=True)} == RAW


def test_text_is_split_into_tags_in_order(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(TAGS)), "n int, text string")

    rows = frame.select("n", split(F.col("text"), "No Tags Available").alias("tags")).orderBy("n").collect()

    assert dict(zip(TAGS, (row.tags for row in rows), strict=True)) == TAGS
