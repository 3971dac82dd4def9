"""Appends of events to a table that is history: an event that the table has already is not appended again.

The cost does not depend on the table: event ids sort by time, so Delta's statistics show which files can have
an event of the micro-batch, and usually these are the few that the micro-batches before it have written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from itertools import pairwise
from operator import or_
from uuid import UUID

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.event import event_time
from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch

# A condition with many ranges takes long to plan, and fewer would read more of the history.
MAX_RANGES = 32
# The first digits of a UUIDv7 are its time in units of 65.5 s.
_WINDOW_DIGITS = 8


@dataclass(frozen=True)
class IdRange:
    """A range of event ids, first and last inclusive."""

    first: str
    last: str


@dataclass(frozen=True)
class EventIds:
    """What a micro-batch knows of its event ids.

    Attributes:
        ranges: where they are, in order.
        repeated: whether an event occurs more than once.
    """

    ranges: tuple[IdRange, ...]
    repeated: bool


def collect_event_ids(events: DataFrame) -> EventIds:
    """Return the ranges of the event ids of a micro-batch, and whether an event occurs more than once.

    Costs one job of one task, which reads two columns: a micro-batch is limited, and a shuffle would cost
    more. The driver gets a row for each 65 s in which the micro-batch has an event: usually one or two, and
    never more than the micro-batch has rows.

    Args:
        events: unique_id, event_id.
    """
    rows = (
        events.select("unique_id", "event_id")
        .coalesce(1)
        .groupBy("unique_id", "event_id")
        .count()
        .groupBy(F.left("event_id", F.lit(_WINDOW_DIGITS)).alias("window"))
        .agg(F.min("event_id").alias("first"), F.max("event_id").alias("last"), F.max("count").alias("most"))
        .collect()
    )
    ranges = [IdRange(row["first"], row["last"]) for row in rows]
    return EventIds(merge_ranges(ranges), repeated=any(row["most"] > 1 for row in rows))


def merge_ranges(ranges: Sequence[IdRange], *, limit: int = MAX_RANGES) -> tuple[IdRange, ...]:
    """Close the smallest gaps between ranges until few ranges are left; return them in order.

    So a late event widens no range by more time than it must, and the files between it and the others are not
    read.

    Args:
        ranges: ranges that do not overlap.
        limit: how many ranges to leave.
    """
    in_order = sorted(ranges, key=lambda part: part.first)
    gaps = sorted(pairwise(in_order), key=_length_of_gap, reverse=True)[: limit - 1]
    firsts = sorted([part.first for part in in_order[:1]] + [after.first for _, after in gaps])
    lasts = sorted([before.last for before, _ in gaps] + [part.last for part in in_order[-1:]])
    return tuple(map(IdRange, firsts, lasts))


def append_new_events(
    lake: DeltaLake, rows: DataFrame, table: Table, batch: MicroBatch, *, ids: EventIds
) -> None:
    """Append the rows whose event the table lacks, in one commit. No shuffle.

    Costs two small jobs for keys, which read the key columns of the files that can have an event of the
    micro-batch, and one that writes. The table is read within the transaction of the append: if another
    writer has appended to it meanwhile, the append is tried again and sees what that one wrote.

    Args:
        lake: the lakehouse.
        rows: at most one row per event, in the table's columns.
        table: a table that is history.
        batch: the micro-batch.
        ids: ranges that include the event ids of all rows.
    """
    key = list(table.key)
    # The rows of the micro-batch limit what is broadcast: ranges that had to be joined can be wide.
    ours = F.broadcast(rows.select(*key))
    stored = lake.read(table).where(_within(ids.ranges)).select(*key).join(ours, key, "left_semi")
    new = rows.join(F.broadcast(stored), key, "left_anti").select(*rows.columns)
    lake.append(new, table, batch)


def _within(ranges: Sequence[IdRange]) -> Column:
    return reduce(or_, (F.col("event_id").between(part.first, part.last) for part in ranges), F.lit(False))


def _length_of_gap(neighbours: tuple[IdRange, IdRange]) -> timedelta:
    before, after = (event_time(UUID(text)) for text in (neighbours[0].last, neighbours[1].first))
    return after - before
