"""Daily figures per category."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import CATEGORY_FIGURES


def filter_by_days(pins: DataFrame, days: Sequence[date]) -> DataFrame:
    """Return the pins whose newest event is from one of some days. Reads only the files of that period.

    Args:
        pins: silver rows.
        days: UTC days, at least one.
    """
    begin, end = F.lit(min(days)), F.lit(max(days) + timedelta(days=1))
    period = (F.col("event_time") >= begin) & (F.col("event_time") < end)
    return pins.where(period).where(F.to_date("event_time").isin(list(days)))


def to_category_daily(silver: DataFrame) -> DataFrame:
    """Return one row per UTC day and category. Costs one shuffle; the median is exact."""
    return (
        silver.groupBy(F.to_date("event_time").alias("day"), "category")
        .agg(
            F.count("*").alias("pins"),
            F.sum(F.coalesce("downloaded", F.lit(0))).cast("bigint").alias("downloaded"),
            F.median("follower_count").alias("median_follower_count"),
            F.max("follower_count").alias("max_follower_count"),
        )
        .select(*CATEGORY_FIGURES.fieldNames())
    )
