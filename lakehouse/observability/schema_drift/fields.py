"""The fields that records carry, as they came. Pure: DataFrame to DataFrame."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# Spark's names of what a JSON value can be; all that is left is a number.
_TYPES = {
    "STRING": "string",
    "BOOLEAN": "boolean",
    "ARRAY": "array",
    "OBJECT": "object",
    "VOID": "null",
}


def count_fields(bronze: DataFrame) -> DataFrame:
    """Return one row a field and JSON type of it. One shuffle; each record is parsed once.

    Args:
        bronze: bronze rows; those that are no JSON object are left out.

    Returns:
        field, type (string, number, boolean, array, object or null), records, first_seen (by the door's
        clock), firsts: in how many records it is the first field, so that all of these add up to the records.
    """
    text = F.try_validate_utf8(F.col("value").cast("string"))
    read = bronze.select("received_at", F.try_parse_json(text).alias("pin"))
    pins = read.where(F.schema_of_variant("pin").startswith("OBJECT"))
    pairs = pins.lateralJoin(pins.sparkSession.tvf.variant_explode(F.col("pin").outer()))
    return pairs.groupBy(F.col("key").alias("field"), _type(F.col("value")).alias("type")).agg(
        F.count("*").alias("records"),
        F.min("received_at").alias("first_seen"),
        F.count_if(F.col("pos") == 0).alias("firsts"),
    )


def _type(value: Column) -> Column:
    kind = F.regexp_extract(F.schema_of_variant(value), "^[A-Z]+", 0)
    told = F.lit("number")
    for spark_name, name in _TYPES.items():
        told = F.when(kind == spark_name, F.lit(name)).otherwise(told)
    return told
