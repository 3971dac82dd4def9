"""Both lanes beside each other, event for event: no lane reads the other's tables, so they must agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze import event_ids
from lakehouse.catalog.schemas import SILVER
from lakehouse.catalog.tables import BATCH, STREAM, Lane
from lakehouse.delta.lake import DeltaLake

SHOWN = 50
# What the door took in the last seconds may still be on its way.
SETTLING = timedelta(seconds=10)
# An event reaches both topics, and its repetition after a lost answer too, within this time.
_SLACK = timedelta(hours=1)
# What is written down when, and where from, differs between lanes.
_COMPARED = [
    name for name in SILVER.fieldNames() if name not in ("topic", "partition", "offset", "updated_at")
]


@dataclass(frozen=True)
class Difference:
    """One event on which the lanes do not agree."""

    event_id: str
    unique_id: str | None
    what: str


@dataclass(frozen=True)
class Comparison:
    """What was compared, and what differs.

    Attributes:
        since: when the window begins, by the door's clock.
        until: when it ends.
        events: events of the window, each counted once.
        differing: how many of them differ.
        differences: the first of those, oldest first.
    """

    since: datetime
    until: datetime
    events: int
    differing: int
    differences: tuple[Difference, ...]


def newest_events(lake: DeltaLake) -> tuple[datetime, datetime] | None:
    """Return when the door took each lane's newest event, or None if one has none.

    Reads one column of bronze's newest files.
    """
    newest: list[datetime] = []
    for lane in (BATCH, STREAM):
        if not lake.exists(lane.bronze):
            return None
        row = _from_door(lake, lane).agg(F.max("received_at").alias("at")).first()
        if row is None or row["at"] is None:
            return None
        newest.append(row["at"].astimezone())
    batch, stream = newest
    return batch, stream


def settled(batch: datetime, stream: datetime, *, now: datetime) -> datetime:
    """Return the moment before which both lanes have every event.

    Args:
        batch: when the door took the batch lane's newest event.
        stream: when it took the stream lane's.
        now: the clock.
    """
    # Both end with the same event, and it is not of just now: there was none after it.
    if batch == stream <= now - SETTLING:
        return batch + timedelta.resolution
    return min(batch, stream) - SETTLING


def compare(lake: DeltaLake, *, since: datetime, until: datetime) -> Comparison:
    """Compare what both lanes have made of the events that the door took in a window.

    The cost follows the window: only files that may hold its events are read, but for pins on which the
    lanes seem to differ, which are looked up. About six jobs.

    Args:
        lake: the lakehouse.
        since: the beginning, included.
        until: the end, not included; both lanes must have got that far.
    """
    batch, stream = (events(_from_door(lake, lane), since=since, until=until) for lane in (BATCH, STREAM))
    window = in_either(batch, stream).persist()
    try:
        row = window.agg(F.count("*"), F.min("event_id"), F.max("event_id")).first()
        assert row is not None  # an aggregate without groups has one row
        count, oldest, newest = row
        silver = [_of_window(lake, lane, window, (oldest, newest)) for lane in (BATCH, STREAM)]
        # Written down, because it is asked more than once and its end depends on what it holds.
        doubtful = in_doubt(*silver).localCheckpoint()
        if not doubtful.isEmpty():
            whole = (lake.read(lane.silver) for lane in (BATCH, STREAM))
            doubtful = unless_moved_on(doubtful, *whole, newest=newest)
        found = missing(window).unionByName(doubtful).dropDuplicates(["event_id"]).localCheckpoint()
        first = found.orderBy("event_id").limit(SHOWN).collect()
        return Comparison(
            since, until, count, found.count(), tuple(Difference(**row.asDict()) for row in first)
        )
    finally:
        window.unpersist()


def events(bronze: DataFrame, *, since: datetime, until: datetime) -> DataFrame:
    """Return a lane's events in and around a window: event_id, unique_id, inside. One shuffle."""
    around = F.col("received_at").between(F.lit(since - _SLACK), F.lit(until + _SLACK))
    inside = (F.col("received_at") >= F.lit(since)) & (F.col("received_at") < F.lit(until))
    return (
        bronze.where(around)
        .groupBy("event_id")
        .agg(F.first(F.col("key").cast("string")).alias("unique_id"), F.max(inside).alias("inside"))
    )


def in_either(batch: DataFrame, stream: DataFrame) -> DataFrame:
    """Return the events that are inside the window in either lane: event_id, unique_id, batch, stream."""
    left = batch.select("event_id", F.col("unique_id").alias("left"), F.col("inside").alias("batch"))
    right = stream.select("event_id", F.col("unique_id").alias("right"), F.col("inside").alias("stream"))
    return (
        left.join(right, "event_id", "full")
        .where("coalesce(batch, false) OR coalesce(stream, false)")
        .select("event_id", F.coalesce("left", "right").alias("unique_id"), "batch", "stream")
    )


def missing(window: DataFrame) -> DataFrame:
    """Return the events that one lane has and the other has not: event_id, unique_id, what."""
    what = F.when(F.col("batch").isNull(), "only the stream lane has it").when(
        F.col("stream").isNull(), "only the batch lane has it"
    )
    return window.select("event_id", "unique_id", what.alias("what")).where("what IS NOT NULL")


def in_doubt(batch: DataFrame, stream: DataFrame) -> DataFrame:
    """Return pins that are not the same in both lanes: event_id, unique_id, what.

    Args:
        batch: silver rows of the window.
        stream: the other lane's.
    """
    left, right = (
        rows.select("unique_id", F.struct(*_COMPARED).alias(name))
        for name, rows in (("batch", batch), ("stream", stream))
    )
    both = left.join(right, "unique_id", "full").where(~F.col("batch").eqNullSafe(F.col("stream")))
    return both.select(
        F.greatest("batch.event_id", "stream.event_id").alias("event_id"),
        "unique_id",
        _difference().alias("what"),
    )


def unless_moved_on(doubtful: DataFrame, batch: DataFrame, stream: DataFrame, *, newest: str) -> DataFrame:
    """Leave out the pins of which a lane holds an event newer than the window. Reads two columns of both."""
    later = [
        rows.join(F.broadcast(doubtful.select("unique_id")), "unique_id", "leftsemi")
        .where(F.col("event_id") > newest)
        .select("unique_id")
        for rows in (batch, stream)
    ]
    return doubtful.join(later[0].unionByName(later[1]), "unique_id", "leftanti")


def _difference() -> Column:
    """Name the columns that differ, or the lane that lacks the event."""
    columns = [
        F.when(~F.col(f"batch.{name}").eqNullSafe(F.col(f"stream.{name}")), F.lit(name)) for name in _COMPARED
    ]
    return (
        F.when(F.col("batch").isNull(), "not in silver of the batch lane")
        .when(F.col("stream").isNull(), "not in silver of the stream lane")
        .otherwise(F.concat(F.lit("silver differs in "), F.concat_ws(", ", *columns)))
    )


def _of_window(lake: DeltaLake, lane: Lane, window: DataFrame, span: tuple[str, str]) -> DataFrame:
    rows = lake.read(lane.silver).where(F.col("event_id").between(*span))
    return rows.join(window.select("event_id"), "event_id", "leftsemi")


def _from_door(lake: DeltaLake, lane: Lane) -> DataFrame:
    """Bronze rows whose event id was given by the door: others are of one topic alone."""
    made = event_ids.derive(F.col("kafka_timestamp"), F.col("topic"), F.col("partition"), F.col("offset"))
    return lake.read(lane.bronze).where(F.col("event_id") != made)
