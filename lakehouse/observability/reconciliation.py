"""Comparison of the two lanes, event for event.

No lane reads the other's tables, so where they differ, one of them is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze import event_ids
from lakehouse.catalog.schemas import SILVER
from lakehouse.catalog.tables import BATCH, STREAM, Lane
from lakehouse.delta.lake import DeltaLake
from lakehouse.silver.deduplication import latest_event_per_pin

MAX_DIFFERENCES = 50
# Events that the API accepted in the last seconds may not have reached both lanes yet.
SETTLING_TIME = timedelta(seconds=10)
# An event reaches both topics within this time; so does its repetition after a lost answer.
_SLACK = timedelta(hours=1)
# These differ between lanes: each lane reads its own topic, at its own time.
_COMPARED = [
    name for name in SILVER.fieldNames() if name not in ("topic", "partition", "offset", "updated_at")
]


@dataclass(frozen=True)
class EventDifference:
    """One event on which the lanes differ."""

    event_id: str
    unique_id: str | None
    what: str


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison.

    Attributes:
        since: the beginning of the window, by the API's clock.
        until: its end.
        events: events in the window, each counted once.
        differing: events on which the lanes differ.
        differences: the first of these, oldest first.
    """

    since: datetime
    until: datetime
    events: int
    differing: int
    differences: tuple[EventDifference, ...]


def find_newest_events(lake: DeltaLake) -> tuple[datetime, datetime] | None:
    """Return when the API accepted the newest event of each lane; None if a lane has no events yet.

    Reads one column of the newest files of bronze.
    """
    newest: list[datetime] = []
    for lane in (BATCH, STREAM):
        if not lake.exists(lane.bronze):
            return None
        row = _select_from_api(lake, lane).agg(F.max("received_at").alias("at")).first()
        if row is None or row["at"] is None:
            return None
        newest.append(row["at"].astimezone())
    batch, stream = newest
    return batch, stream


def comparable_until(batch: datetime, stream: datetime, *, now: datetime) -> datetime:
    """Return the moment before which both lanes have every event.

    Args:
        batch: when the API accepted the newest event of the batch lane.
        stream: when it accepted the newest event of the stream lane.
        now: the current time.
    """
    # If both lanes end with the same event and it is not recent, there is no event after it.
    if batch == stream <= now - SETTLING_TIME:
        return batch + timedelta.resolution
    return min(batch, stream) - SETTLING_TIME


def compare(lake: DeltaLake, *, since: datetime, until: datetime) -> Comparison:
    """Compare what both lanes made of the events that the API accepted in a window.

    Of the stream lane, whose silver has every event, the newest event of each pin in the window counts. The
    cost follows the window: it reads only files that may hold its events, and, for pins that seem to differ,
    files with later ones. About six jobs.

    Args:
        lake: the lakehouse.
        since: the beginning of the window, included.
        until: the end of the window, not included. Both lanes must have every event up to here.
    """
    batch, stream = (
        select_events(_select_from_api(lake, lane), since=since, until=until) for lane in (BATCH, STREAM)
    )
    window = join_lanes(batch, stream).persist()
    try:
        row = window.agg(F.count("*"), F.min("event_id"), F.max("event_id")).first()
        assert row is not None  # an aggregate without groups has one row
        count, oldest, newest = row
        rows = [_select_window(lake, lane, window, (oldest, newest)) for lane in (BATCH, STREAM)]
        # Computed once: the frame is used several times, and the next step depends on its rows.
        suspected = suspected_differences(*rows).localCheckpoint()
        if not suspected.isEmpty():
            silver = (lake.read(lane.silver) for lane in (BATCH, STREAM))
            suspected = drop_pins_updated_later(suspected, *silver, newest=newest)
        differences = (
            find_missing(window).unionByName(suspected).dropDuplicates(["event_id"]).localCheckpoint()
        )
        first = differences.orderBy("event_id").limit(MAX_DIFFERENCES).collect()
        return Comparison(
            since, until, count, differences.count(), tuple(EventDifference(**row.asDict()) for row in first)
        )
    finally:
        window.unpersist()


def select_events(bronze: DataFrame, *, since: datetime, until: datetime) -> DataFrame:
    """Return the events of a lane in and around a window, with whether they are inside. One shuffle.

    Args:
        bronze: the lane's bronze rows.
        since: the beginning of the window, included.
        until: the end of the window, not included.

    Returns:
        event_id, unique_id, inside.
    """
    around = F.col("received_at").between(F.lit(since - _SLACK), F.lit(until + _SLACK))
    inside = (F.col("received_at") >= F.lit(since)) & (F.col("received_at") < F.lit(until))
    return (
        bronze.where(around)
        .groupBy("event_id")
        .agg(F.first(F.col("key").cast("string")).alias("unique_id"), F.max(inside).alias("inside"))
    )


def join_lanes(batch: DataFrame, stream: DataFrame) -> DataFrame:
    """Return the events that are inside the window in at least one lane.

    Args:
        batch: events of the batch lane, as `select_events` returns them.
        stream: events of the stream lane.

    Returns:
        event_id, unique_id, and `batch` and `stream`: whether the event is inside the window there; null if
        the lane does not have it.
    """
    left = batch.select("event_id", F.col("unique_id").alias("left"), F.col("inside").alias("batch"))
    right = stream.select("event_id", F.col("unique_id").alias("right"), F.col("inside").alias("stream"))
    return (
        left.join(right, "event_id", "full")
        .where("coalesce(batch, false) OR coalesce(stream, false)")
        .select("event_id", F.coalesce("left", "right").alias("unique_id"), "batch", "stream")
    )


def find_missing(window: DataFrame) -> DataFrame:
    """Return the events that only one lane has: event_id, unique_id, what."""
    what = F.when(F.col("batch").isNull(), "only the stream lane has it").when(
        F.col("stream").isNull(), "only the batch lane has it"
    )
    return window.select("event_id", "unique_id", what.alias("what")).where("what IS NOT NULL")


def suspected_differences(batch: DataFrame, stream: DataFrame) -> DataFrame:
    """Return the pins whose silver rows differ, or that only one lane has: event_id, unique_id, what.

    Args:
        batch: silver rows of the window in the batch lane.
        stream: silver rows of the window in the stream lane.
    """
    left, right = (
        rows.select("unique_id", F.struct(*_COMPARED).alias(name))
        for name, rows in (("batch", batch), ("stream", stream))
    )
    both = left.join(right, "unique_id", "full").where(~F.col("batch").eqNullSafe(F.col("stream")))
    return both.select(
        F.greatest("batch.event_id", "stream.event_id").alias("event_id"),
        "unique_id",
        _describe_difference().alias("what"),
    )


def drop_pins_updated_later(
    suspected: DataFrame, batch: DataFrame, stream: DataFrame, *, newest: str
) -> DataFrame:
    """Drop the pins for which a lane already has an event newer than the window.

    Reads two columns of the files of silver that can have an event after the window.

    Args:
        suspected: what `suspected_differences` returns.
        batch: silver of the batch lane.
        stream: silver of the stream lane.
        newest: the newest event id of the window.
    """
    later = [
        # The condition comes first: so Delta skips the files whose events are all older.
        rows.where(F.col("event_id") > newest)
        .join(F.broadcast(suspected.select("unique_id")), "unique_id", "leftsemi")
        .select("unique_id")
        for rows in (batch, stream)
    ]
    return suspected.join(later[0].unionByName(later[1]), "unique_id", "leftanti")


def _describe_difference() -> Column:
    """Return the names of the columns that differ, or the lane that lacks the event."""
    columns = [
        F.when(~F.col(f"batch.{name}").eqNullSafe(F.col(f"stream.{name}")), F.lit(name)) for name in _COMPARED
    ]
    return (
        F.when(F.col("batch").isNull(), "not in silver of the batch lane")
        .when(F.col("stream").isNull(), "not in silver of the stream lane")
        .otherwise(F.concat(F.lit("silver differs in "), F.concat_ws(", ", *columns)))
    )


def _select_window(lake: DeltaLake, lane: Lane, window: DataFrame, span: tuple[str, str]) -> DataFrame:
    """Return the silver rows of the window's events; of a history the newest of each pin."""
    rows = lake.read(lane.silver).where(F.col("event_id").between(*span))
    of_window = rows.join(window.select("event_id"), "event_id", "leftsemi")
    return latest_event_per_pin(of_window) if lane.silver.is_history else of_window


def _select_from_api(lake: DeltaLake, lane: Lane) -> DataFrame:
    """Return the bronze rows with an event id from the API: other records are in one topic only."""
    derived = event_ids.derive(F.col("kafka_timestamp"), F.col("topic"), F.col("partition"), F.col("offset"))
    return lake.read(lane.bronze).where(F.col("event_id") != derived)
