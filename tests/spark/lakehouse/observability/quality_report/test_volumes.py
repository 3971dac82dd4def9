"""Rows per day of every table, by the time of its events, whatever column that is in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from pyspark.sql import SparkSession

from lakehouse.catalog.schemas import BRONZE, CATEGORY_FIGURES, FEATURES
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM
from lakehouse.observability.quality_report.volumes import DAYS, read_volumes
from lakehouse.spark.dataframes import dataframe_from_rows

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TODAY = NOON.date()
DAY = timedelta(days=1)


def test_without_tables_there_is_nothing() -> None:
    assert read_volumes({}, versions={}, today=TODAY) == ()


def test_tables_are_counted_by_the_day_of_their_events(spark: SparkSession) -> None:
    # The first and the last day of the range, the days outside it, and a malformed record of the future.
    ages = [0, 0, DAYS - 1, DAYS, -1]
    features = [{"unique_id": "pin", "event_time": NOON - age * DAY} for age in ages]
    bronze = [{"event_id": _event_id(NOON - DAY)}, {"event_id": _event_id(NOON - 99 * DAY)}]
    daily = [{"day": date(2026, 1, 30).isoformat(), "pins": 5}]
    tables = {
        BATCH.features: dataframe_from_rows(spark, features, FEATURES),
        BATCH.bronze: dataframe_from_rows(spark, bronze, BRONZE),
        CATEGORY_DAILY: dataframe_from_rows(spark, daily, CATEGORY_FIGURES),
        STREAM.features: dataframe_from_rows(spark, [], FEATURES),
    }

    volumes = read_volumes(tables, versions={BATCH.features: 7, BATCH.bronze: None}, today=TODAY)

    assert [volume.table for volume in volumes] == [table.full_name for table in tables]
    by_event, by_id, by_day, empty = volumes
    assert (by_event.rows, by_event.newest, by_event.version) == (5, NOON, 7)
    assert [day.rows for day in by_event.days] == [1, *[0] * (DAYS - 2), 2]
    assert (by_event.days[0].day, by_event.days[-1].day) == (date(2026, 1, 18), TODAY)
    assert (by_id.rows, by_id.newest, by_id.version) == (2, NOON - DAY, None)
    assert [day.rows for day in by_id.days[-2:]] == [1, 0]
    assert (by_day.rows, by_day.newest) == (1, datetime(2026, 1, 30, tzinfo=UTC))
    assert (empty.rows, empty.newest, {day.rows for day in empty.days}) == (0, None, {0})


def _event_id(at: datetime) -> str:
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-000000000000"
