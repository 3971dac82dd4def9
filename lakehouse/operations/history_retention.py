"""Retention of the rows of a history: superseded events are removed once they are old enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.event import event_id_at
from lakehouse.catalog.tables import Table
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.retries import retry_on_conflict

# The stream appends to the same table every few seconds, and this has more time than the stream.
_ATTEMPTS = 40


def remove_superseded(
    lake: DeltaLake, table: Table, *, days: int, now: datetime, dry_run: bool = False
) -> int:
    """Remove the events that are older than some days and not the newest of their pin; return their number.

    The newest event of a pin stays for ever, so the newest rows of all pins remain complete. Reads the key
    columns of the whole history and rewrites the files that have such an event, in one commit. If another
    writer commits meanwhile, it starts again.

    Args:
        lake: the lakehouse.
        table: a table that is history.
        days: how long events are kept.
        now: the current time, UTC.
        dry_run: only count them.
    """
    first_kept = event_id_at(now - timedelta(days=days))
    superseded = _find_superseded(lake.read(table), first_kept).localCheckpoint()
    count = superseded.count()
    if not count or dry_run:
        return count
    info = commit_info.begin(lane=table.lane, step=Step.EXPIRE)
    session = lake.session_with_commit_info(replace(info, query=f"{Step.EXPIRE}/{info.run}"))
    # The first condition lets Delta skip the files in which every event is younger.
    same = [f"old.event_id < '{first_kept}'", *(f"old.{name} = new.{name}" for name in table.key)]
    for attempt in retry_on_conflict(table, attempts=_ATTEMPTS):
        with attempt:
            target = lake.delta_table(table, session).alias("old")
            target.merge(superseded.alias("new"), " AND ".join(same)).whenMatchedDelete().execute()
    return count


def _find_superseded(history: DataFrame, first_kept: str) -> DataFrame:
    """Return the keys of events before an id that are not the newest of their pin. Shuffles keys once."""
    newest = history.groupBy("unique_id").agg(F.max("event_id").alias("newest"))
    old = history.where(F.col("event_id") < first_kept).select("unique_id", "event_id")
    return old.join(newest, "unique_id").where("event_id < newest").drop("newest")
