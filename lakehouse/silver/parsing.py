"""Parsing of bronze values: the twelve fields of a pin as text, or the reason why a value is not a pin."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.event import PIN_FIELDS
from lakehouse.bronze import event_ids
from lakehouse.quality.suite_model import Rule

RULES = tuple(
    Rule(name, "critical", sentence, columns)
    for name, sentence, columns in (
        ("landing.not_an_envelope", "A line of landing is the envelope of a record.", ()),
        ("value.missing", "A record has a value.", ()),
        ("value.not_utf8", "The value is text in UTF-8.", ()),
        ("value.not_one_json_object", "The value is one JSON object and nothing else.", ()),
        ("unique_id.missing", "The object names its pin in unique_id.", ("unique_id",)),
        ("unique_id.not_a_uuid", "unique_id is a UUID.", ("unique_id",)),
        (
            "event_id.from_the_future",
            "The time in event_id is at most two minutes ahead of the record's own.",
            ("event_id", "kafka_timestamp"),
        ),
    )
)

# In Java $ also matches before a line feed at the end.
_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z"
_PIN = ", ".join(f"`{field}` string" for field in PIN_FIELDS)


def parse(bronze: DataFrame) -> DataFrame:
    """Add the pin's fields as text, and `reasons`, an array that is empty if the pin could be parsed.

    Args:
        bronze: bronze rows; all their columns are kept.

    Returns:
        The same rows and columns, plus PIN_FIELDS (strings; a number or array as its JSON text; unique_id in
        lower case) and reasons (array<string>).
    """
    text = F.try_validate_utf8(F.col("value").cast("string"))
    # The value is parsed as the first element of an array whose second is null. If it were parsed by itself,
    # from_json would ignore text after the object. Without the null, it would ignore text after a bracket.
    listed = F.from_json(
        F.concat(F.lit("["), text, F.lit(",null]")), f"array<struct<{_PIN}>>", {"allowSingleQuotes": "false"}
    )
    is_one_object = (F.size("_listed") == 2) & F.col("_listed")[1].isNull()
    parsed = bronze.withColumns({"_text": text, "_listed": listed}).withColumn(
        "_pin", F.when(is_one_object, F.col("_listed")[0])
    )
    unique_id = F.lower(F.trim(F.col("_pin.unique_id")))
    fields: dict[str, Column] = {field: F.col(f"_pin.{field}") for field in PIN_FIELDS}
    return (
        parsed.withColumns(fields | {"unique_id": unique_id})
        # array_compact would be a lambda, which Spark interprets row by row.
        .withColumn("reasons", F.array_remove(F.array(F.coalesce(_reason(), F.lit(""))), ""))
        .drop("_text", "_listed", "_pin")
    )


def _reason() -> Column:
    unique_id = F.col("unique_id")
    # The API allows one minute. An id from another source must not outrank all later events.
    is_ahead = event_ids.extract_time(F.col("event_id")) > F.col("kafka_timestamp") + F.expr(
        "INTERVAL 2 MINUTES"
    )
    return (
        F.when(F.col("topic").isNull(), F.lit("landing.not_an_envelope"))
        .when(F.col("value").isNull(), F.lit("value.missing"))
        .when(F.col("_text").isNull(), F.lit("value.not_utf8"))
        .when(F.col("_pin").isNull(), F.lit("value.not_one_json_object"))
        .when(unique_id.isNull() | (unique_id == ""), F.lit("unique_id.missing"))
        .when(~unique_id.rlike(_UUID), F.lit("unique_id.not_a_uuid"))
        .when(is_ahead, F.lit("event_id.from_the_future"))
    )
