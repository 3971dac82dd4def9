"""Daily figures: counts, downloads and exact medians, without nulls."""

from __future__ import annotations

from datetime import date, datetime

from pyspark.sql import SparkSession

from lakehouse.catalog.schemas import CATEGORY_FIGURES
from lakehouse.gold.category_daily import to_category_daily

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def test_figures_are_per_utc_day_and_category(spark: SparkSession) -> None:
    rows = [
        (datetime(2026, 3, 2, 0, 0), "art", 10, 1),
        (datetime(2026, 3, 2, 23, 59, 59, 999000), "art", 1000, 0),
        (datetime(2026, 3, 2, 12, 0), "art", None, None),
        (datetime(2026, 3, 3, 0, 0), "art", 7, 1),
        (datetime(2026, 3, 2, 5, 0), None, None, None),
    ]
    silver = spark.createDataFrame(
        rows, "event_time timestamp, category string, follower_count int, downloaded int"
    )

    figures = to_category_daily(silver)

    assert figures.columns == CATEGORY_FIGURES.fieldNames()
    assert sorted(map(tuple, figures.collect()), key=str) == sorted(
        [
            (MONDAY, "art", 3, 1, 505.0, 1000),
            (TUESDAY, "art", 1, 1, 7.0, 7),
            (MONDAY, None, 1, 0, None, None),
        ],
        key=str,
    )
