"""DataFrames of a few rows: every type arrives as it was, and no row is still a frame."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import SparkSession
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from lakehouse.spark.dataframes import dataframe_from_rows

SCHEMA = StructType(
    [
        StructField("text", StringType()),
        StructField("number", LongType()),
        StructField("share", DoubleType()),
        StructField("flag", BooleanType()),
        StructField("at", TimestampType()),
        StructField("parts", ArrayType(StructType([StructField("first", LongType())]))),
    ]
)
TEXT = 'it\'s "é" \\ \n'


def test_values_arrive_as_they_were(spark: SparkSession) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    rows: list[dict[str, object]] = [
        {
            "text": TEXT,
            "number": 2**62,
            "share": 0.1,
            "flag": True,
            "at": at,
            "parts": [{"first": 1}],
        },
        dict.fromkeys(SCHEMA.fieldNames()),
        {"text": "only"},
    ]

    frame = dataframe_from_rows(spark, rows, SCHEMA)
    first, empty, partial = frame.selectExpr("*", "unix_micros(at) AS micros").collect()

    assert frame.columns == SCHEMA.fieldNames()
    assert (first.text, first.number, first.share, first.flag) == (TEXT, 2**62, 0.1, True)
    assert first.micros == int(at.timestamp()) * 1_000_000 + 123456
    assert [part.first for part in first.parts] == [1]
    assert set(empty) == {None}
    assert (partial.text, partial.number) == ("only", None)


def test_no_rows_are_a_frame_with_the_columns(spark: SparkSession) -> None:
    frame = dataframe_from_rows(spark, [], SCHEMA)

    assert frame.columns == SCHEMA.fieldNames()
    assert frame.isEmpty()
