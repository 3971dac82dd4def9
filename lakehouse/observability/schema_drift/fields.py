"""The fields of bronze records, counted by JSON type. Pure: DataFrame to DataFrame."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# Spark's type names of JSON values; every other type is a number.
_TYPES = {
    "STRING": "string",
    "BOOLEAN": "boolean",
    "ARRAY": "array",
    "OBJECT": "object",
    "VOID": "null",
}


def count_fields(bronze: DataFrame) -> DataFrame:
    """Return one row per field and JSON type. One shuffle; each record is parsed once.

    Args:
        bronze: bronze rows; a record that is not a JSON object is left out.

    Returns:
        field, type (string, number, boolean, array, object or null), records, first_seen (by the API's
        clock), and firsts: the records whose first field it is. The sum of `firsts` is the number of records.
    """
    text = F.try_validate_utf8(F.col("value").cast("string"))
    parsed = bronze.select("received_at", F.try_parse_json(text).alias("pin"))
    pins = parsed.where(F.schema_of_variant("pin").startswith("OBJECT"))
    pairs = pins.lateralJoin(pins.sparkSession.tvf.variant_explode(F.col("pin").outer()))
    return pairs.groupBy(F.col("key").alias("field"), _type(F.col("value")).alias("type")).agg(
        F.count("*").alias("records"),
        F.min("received_at").alias("first_seen"),
        F.count_if(F.col("pos") == 0).alias("firsts"),
    )


def _type(value: Column) -> Column:
    kind = F.regexp_extract(F.schema_of_variant(value), "^[A-Z]+", 0)
    name = F.lit("number")
    for spark_name, json_name in _TYPES.items():
        name = F.when(kind == spark_name, F.lit(json_name)).otherwise(name)
    return name
