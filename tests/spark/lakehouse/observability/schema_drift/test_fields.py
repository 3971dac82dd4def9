"""Fields of bronze records, counted by JSON type, whatever else clients send."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

from lakehouse.catalog.schemas import BRONZE
from lakehouse.observability.schema_drift.fields import count_fields
from lakehouse.spark.dataframes import dataframe_from_rows

NOW = datetime(2026, 1, 10, tzinfo=UTC)
VALUES = [
    b'{"a": 1, "b": "x"}',
    b'{"a": "1", "b": null, "c": [1]}',
    b'{"a": 1.5, "c": {"d": true}}',
    b'{"a": true}',
    b"{}",
    b"[1]",
    b"no json",
    b"\xff",
    None,
]


def test_fields_are_counted_by_type(spark: SparkSession) -> None:
    rows = [
        {
            "value": None if value is None else b64encode(value).decode(),
            "received_at": NOW + timedelta(hours=number),
        }
        for number, value in enumerate(VALUES)
    ]

    counted = dataframe_from_rows(spark, rows, BRONZE).transform(count_fields).collect()

    assert {(row.field, row.type): row.records for row in counted} == {
        ("a", "number"): 2,
        ("a", "string"): 1,
        ("a", "boolean"): 1,
        ("b", "string"): 1,
        ("b", "null"): 1,
        ("c", "array"): 1,
        ("c", "object"): 1,
    }
    assert sum(row.firsts for row in counted) == 4
    first_seen = {(row.field, row.type): row.first_seen.astimezone(UTC) for row in counted}
    assert first_seen["a", "number"] == NOW
    assert first_seen["c", "object"] == NOW + timedelta(hours=2)
