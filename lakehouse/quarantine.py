"""Rows that a layer refused, kept whole with the reasons."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.tables import QUARANTINE


def to_quarantine(refused: DataFrame, *, layer: str) -> DataFrame:
    """Return quarantine's columns.

    Args:
        refused: bronze's columns and `reasons`.
        layer: the layer that refused them.
    """
    return refused.withColumns({"layer": F.lit(layer), "quarantined_at": F.current_timestamp()}).select(
        *QUARANTINE.fieldNames()
    )
