"""Readable pins to silver rows."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import event_ids
from lakehouse.newest import newest_per_pin
from lakehouse.silver.cleaning import clean
from lakehouse.silver.text import TextPolicy
from lakehouse.tables import SILVER


def to_silver(pins: DataFrame, *, text_policy: TextPolicy) -> DataFrame:
    """Return silver's columns: one cleaned row a pin, its newest event.

    The newest event is chosen before the cleaning, so that what is superseded costs nothing.

    Args:
        pins: parsed rows without a reason against them.
        text_policy: see `lakehouse.silver.cleaning`.
    """
    return (
        newest_per_pin(pins)
        .transform(lambda rows: clean(rows, text_policy=text_policy))
        .withColumns(
            {"event_time": event_ids.time_of(F.col("event_id")), "updated_at": F.current_timestamp()}
        )
        .select(*SILVER.fieldNames())
    )
