"""The events that a rebuild checks, and their values. Pure: DataFrame to DataFrame."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.category_daily import filter_by_days
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.quality.quarantine import DROPPED
from lakehouse.silver.parsing import parse

COORDINATES = ["topic", "partition", "offset"]


def select_decisions(quarantine: DataFrame) -> DataFrame:
    """Return the manual decisions about refused records: COORDINATES, corrected, given_up.

    A correction counts even if it has not been replayed: it passes the same gates here.

    Args:
        quarantine: the rows of quarantine.
    """
    given_up = F.col("state") == DROPPED
    return (
        quarantine.where("layer = 'silver'")
        .where(given_up | F.col("corrected").isNotNull())
        .dropDuplicates(["id"])
        .select(*COORDINATES, "corrected", given_up.alias("given_up"))
    )


def apply_decisions(bronze: DataFrame, decisions: DataFrame) -> DataFrame:
    """Return bronze without the dropped records, and with corrections instead of the values sent.

    One join by coordinates.

    Args:
        bronze: the rows of bronze.
        decisions: see `select_decisions`.
    """
    return (
        bronze.join(decisions, COORDINATES, "left")
        .where(~F.coalesce("given_up", F.lit(False)))
        .withColumn("value", F.coalesce("corrected", "value"))
        .drop("corrected", "given_up")
    )


def select_pins(days: DateRange, events: DataFrame, tables: Iterable[DataFrame]) -> DataFrame:
    """Return the unique_id of every pin with an event in these days, in bronze or in a table.

    A table may hold an event that can no longer be parsed today. One shuffle.

    Args:
        days: the days.
        events: see `apply_decisions`.
        tables: silver and gold, which hold one event per pin.
    """
    parsed = events.where(days.contains(F.col("event_id"))).transform(parse)
    current = [filter_by_days(table, days.list_days()) for table in tables]
    pins = [rows.select("unique_id") for rows in (parsed, *current)]
    return reduce(DataFrame.union, pins).where("unique_id IS NOT NULL").distinct()


def select_events(events: DataFrame, pins: DataFrame, days: DateRange) -> DataFrame:
    """Return, parsed, every event of the pins on any day, and the events of the days that name no pin.

    All events of a pin are needed: if its newest event is refused now, an older one takes its place. Only the
    value of a record says which pin it is of, so all of bronze is read and parsed once.

    Args:
        events: see `apply_decisions`.
        pins: see `select_pins`.
        days: the days.
    """
    parsed = events.transform(parse)
    nameless = parsed.where(days.contains(F.col("event_id"))).where("unique_id IS NULL")
    return parsed.join(pins, "unique_id", "leftsemi").unionByName(nameless)
