"""Daily figures per category."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import CATEGORY_FIGURES


def filter_by_days(pins: DataFrame, days: Sequence[date]) -> DataFrame:
    """Return the pins whose newest event is of some days, at least one: their files alone are read."""
    begin, end = F.lit(min(days)), F.lit(max(days) + timedelta(days=1))
    span = (F.col("event_time") >= begin) & (F.col("event_time") < end)
    return pins.where(span).where(F.to_date("event_time").isin(list(days)))


def to_category_daily(silver: DataFrame) -> DataFrame:
    """Return one row per UTC day and category. One shuffle; the median is exact."""
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
