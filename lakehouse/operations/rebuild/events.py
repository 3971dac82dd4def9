"""Which events a rebuild judges, and with which value. Pure: DataFrame to DataFrame."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.category_daily import filter_by_days
from lakehouse.operations.rebuild.date_range import Days
from lakehouse.quality.quarantine import DROPPED
from lakehouse.silver.parsing import parse

PLACE = ["topic", "partition", "offset"]


def decisions(quarantine: DataFrame) -> DataFrame:
    """Return what somebody has decided about refused records: PLACE, corrected, given_up.

    A correction counts, whether it has been replayed or not: it goes through the same gates here.
    """
    given_up = F.col("state") == DROPPED
    return (
        quarantine.where("layer = 'silver'")
        .where(given_up | F.col("corrected").isNotNull())
        .dropDuplicates(["id"])
        .select(*PLACE, "corrected", given_up.alias("given_up"))
    )


def decided(bronze: DataFrame, decisions: DataFrame) -> DataFrame:
    """Return bronze's rows without those given up, and with a correction in the place of what was sent.

    One join by coordinates.
    """
    return (
        bronze.join(decisions, PLACE, "left")
        .where(~F.coalesce("given_up", F.lit(False)))
        .withColumn("value", F.coalesce("corrected", "value"))
        .drop("corrected", "given_up")
    )


def pins_of(days: Days, events: DataFrame, tables: Iterable[DataFrame]) -> DataFrame:
    """Return unique_id of every pin that has an event of these days, or is shown by a table with one.

    A table may show what cannot even be parsed today. One shuffle.
    """
    parsed = events.where(days.hold(F.col("event_id"))).transform(parse)
    shown = [filter_by_days(table, days.each()) for table in tables]
    names = [rows.select("unique_id") for rows in (parsed, *shown)]
    return reduce(DataFrame.union, names).where("unique_id IS NOT NULL").distinct()


def of_pins(events: DataFrame, pins: DataFrame, days: Days) -> DataFrame:
    """Return, parsed, every event of the pins, of whatever day, and those of the days that name no pin.

    An event that is refused now must let an older one back, and one that passes now may be the newest.
    Which pin an event is of stands in its value alone: all of bronze is read and parsed once.
    """
    parsed = events.transform(parse)
    nameless = parsed.where(days.hold(F.col("event_id"))).where("unique_id IS NULL")
    return parsed.join(pins, "unique_id", "leftsemi").unionByName(nameless)
