"""Silver rows to the features of a pin."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.event import PIN_FIELDS
from lakehouse.catalog.schemas import FEATURES
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import Gate


def check_features(silver: DataFrame, gate: Gate) -> DataFrame:
    """Judge silver rows as what they will be in gold.

    Args:
        silver: silver rows.
        gate: the features'.

    Returns:
        The same columns, `reasons` and `broken`, and what quarantine asks for: `value` (the pin as JSON)
        and `kafka_timestamp` (null), unless the rows have them.
    """
    kept = {name: F.col(name) for name in silver.columns if name in ("value", "kafka_timestamp")}
    pin = F.to_json(F.struct(*PIN_FIELDS)).cast("binary")
    named = {"value": pin, "kafka_timestamp": F.lit(None).cast("timestamp")} | kept
    rows = silver.withColumns(named | {"reasons": F.array().cast("array<string>")})
    return gates.check_rows(rows, gate)


def to_features(silver: DataFrame) -> DataFrame:
    """Return the feature columns of silver rows, one row a row."""
    return silver.select(*FEATURES.fieldNames())
