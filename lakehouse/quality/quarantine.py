"""Rows that a layer refused, kept whole with the rules they broke."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import QUARANTINE

OPEN, REPLAYED, DROPPED = "open", "replayed", "dropped"


def to_quarantine(refused: DataFrame, *, layer: str) -> DataFrame:
    """Return quarantine's columns, every row open.

    Args:
        refused: bronze's columns, `reasons`, `broken` and `suite`.
        layer: the layer that refused them.
    """
    return refused.withColumns(
        {
            "layer": F.lit(layer),
            "id": quarantine_id(layer=layer),
            "quarantined_at": F.current_timestamp(),
            "state": F.lit(OPEN),
            "corrected": F.lit(None).cast("binary"),
            "note": F.lit(None).cast("string"),
            "changed_at": F.current_timestamp(),
        }
    ).select(*QUARANTINE.fieldNames())


def quarantine_id(*, layer: str) -> Column:
    """Return the id of a refused row: 32 hexadecimal digits made from coordinates and layer.

    A line of landing that is no envelope has no coordinates: its id is made from its bytes.
    """
    place = F.concat_ws("/", F.lit(layer), "topic", "partition", "offset")
    line = F.concat_ws("/", F.lit(layer), F.sha2(F.coalesce("value", F.lit(b"")), 256))
    return F.left(F.sha2(F.when(F.col("topic").isNull(), line).otherwise(place), 256), F.lit(32))
