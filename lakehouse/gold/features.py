"""Silver rows to the features of a pin."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lakehouse.tables import FEATURES


def to_features(silver: DataFrame) -> DataFrame:
    """Return the feature columns of silver rows, one row a row."""
    return silver.select(*FEATURES.fieldNames())
