"""The features of a pin, from its silver row."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.event import PIN_FIELDS
from lakehouse.catalog.schemas import FEATURES
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import Gate


def check_features(silver: DataFrame, gate: Gate) -> DataFrame:
    """Apply the gate of gold's features to silver rows.

    Args:
        silver: silver rows.
        gate: the gate of the features.

    Returns:
        The same columns, `reasons` and `broken`, and the columns that quarantine needs: `value` (the pin as
        JSON) and `kafka_timestamp` (null), unless the rows already have them.
    """
    existing = {name: F.col(name) for name in silver.columns if name in ("value", "kafka_timestamp")}
    pin = F.to_json(F.struct(*PIN_FIELDS)).cast("binary")
    columns = {"value": pin, "kafka_timestamp": F.lit(None).cast("timestamp")} | existing
    rows = silver.withColumns(columns | {"reasons": F.array().cast("array<string>")})
    return gates.check_rows(rows, gate)


def to_features(silver: DataFrame) -> DataFrame:
    """Return the feature columns of silver rows, one row per silver row."""
    return silver.select(*FEATURES.fieldNames())
