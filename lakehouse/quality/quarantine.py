"""Quarantine: whole rows that a layer refused, with the rules they broke."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import QUARANTINE

OPEN, REPLAYED, DROPPED = "open", "replayed", "dropped"


def to_quarantine(invalid: DataFrame, *, layer: str) -> DataFrame:
    """Return the rows in quarantine's columns, each in state open.

    Args:
        invalid: bronze's columns, `reasons`, `broken` and `suite`.
        layer: the layer that refused the rows.
    """
    return invalid.withColumns(
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
    """Return the id of a refused row: 32 hexadecimal digits derived from its coordinates and the layer.

    A landing line that is not an envelope has no coordinates; its id is derived from its bytes.
    """
    coordinates = F.concat_ws("/", F.lit(layer), "topic", "partition", "offset")
    content = F.concat_ws("/", F.lit(layer), F.sha2(F.coalesce("value", F.lit(b"")), 256))
    return F.left(F.sha2(F.when(F.col("topic").isNull(), content).otherwise(coordinates), 256), F.lit(32))
