"""Daily figures per category."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.schemas import CATEGORY_FIGURES


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
