"""Rows and newest event of every table, and its rows by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from lakehouse.bronze import event_ids
from lakehouse.catalog.tables import Table
from lakehouse.observability.quality_report.model import Day, Volume

DAYS = 14


def read(
    tables: Mapping[Table, DataFrame], *, versions: Mapping[Table, int | None], today: date
) -> tuple[Volume, ...]:
    """Return every table's volume in the order given.

    One job for all of them, which reads one column of each; at most 15 rows a table come back.

    Args:
        tables: the rows of each.
        versions: the published version whose rows those are, of tables that have one.
        today: the last day.
    """
    if not tables:
        return ()
    first = today - timedelta(days=DAYS - 1)
    counted = [
        by_day(rows, time=_time(rows), first=first, last=today).withColumn("table", F.lit(table.full_name))
        for table, rows in tables.items()
    ]
    found = defaultdict(list)
    for row in reduce(DataFrame.unionByName, counted).collect():
        found[row.table].append(row)
    return tuple(
        _volume(table, found[table.full_name], version=versions.get(table), first=first) for table in tables
    )


def by_day(rows: DataFrame, *, time: Column, first: date, last: date) -> DataFrame:
    """Return day, rows and newest; the day is null for what lies outside. One shuffle of a row a day.

    What claims to be of a day to come, as a malformed record may, is never the newest.
    """
    day = time.cast("date")
    return rows.groupBy(F.when(day.between(F.lit(first), F.lit(last)), day).alias("day")).agg(
        F.count("*").alias("rows"), F.max(F.when(day <= F.lit(last), time)).alias("newest")
    )


def _time(rows: DataFrame) -> Column:
    """Return an event's time: written down, inside its id, or no finer than its day."""
    if "event_time" in rows.columns:
        return F.col("event_time")
    return (
        event_ids.extract_time(F.col("event_id"))
        if "event_id" in rows.columns
        else F.col("day").cast("timestamp")
    )


def _volume(table: Table, rows: list[Row], *, version: int | None, first: date) -> Volume:
    by = {row.day: row.rows for row in rows}
    newest = max((row.newest for row in rows if row.newest), default=None)
    span = (first + timedelta(days=number) for number in range(DAYS))
    return Volume(
        table=table.full_name,
        rows=sum(row.rows for row in rows),
        newest=newest.astimezone(UTC) if newest else None,
        version=version,
        days=tuple(Day(day, by.get(day, 0)) for day in span),
    )
