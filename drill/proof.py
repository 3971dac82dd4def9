"""The comparison of the stored data with the events that the API acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from drill.load import SentEvent
from foundation.postgres import connect
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability import reconciliation as reconcile
from lakehouse.observability.ledger import balance as sums
from lakehouse.observability.ledger import collect
from lakehouse.serving.postgres import ServingDatabase

Row = tuple[str, str, int, int]


@dataclass(frozen=True)
class Proof:
    """The result of a drill, after both lanes are drained.

    Attributes:
        lost: acknowledged events missing in a lane's bronze, and pins missing in Postgres.
        doubled: Kafka records that a bronze table has more than once, and pins, or in the stream lane events
            of a pin, that silver or gold has more than once.
        stale: pins whose row in Postgres is not their newest acknowledged event.
        unbalanced: sums of the ledger that do not close, as "lane: sum".
        differing: events on which the lanes do not agree.
    """

    lost: int
    doubled: int
    stale: int
    unbalanced: tuple[str, ...]
    differing: int

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.stale or self.unbalanced or self.differing)


def prove(
    spark: SparkSession, settings: Settings, acknowledged: Iterable[SentEvent], *, began: datetime
) -> Proof:
    """Compare the stored data with the events that the API acknowledged."""
    events = list(acknowledged)
    expected = newest_rows(events)
    served = _read_served_rows(settings)
    lake, serving = DeltaLake.of(spark, settings), ServingDatabase(settings.postgres)
    totals = sums.check_balance(lake, collect.collect(lake, serving))
    comparison = reconcile.compare(lake, since=began, until=datetime.now(UTC))
    return Proof(
        lost=_count_missing(spark, settings, events) + len(expected.keys() - served.keys()),
        doubled=_count_doubled(spark, settings),
        stale=sum(served[pin] != row for pin, row in expected.items() if pin in served),
        unbalanced=tuple(f"{total.lane}: {total.what}" for total in totals if not total.balanced),
        differing=comparison.differing,
    )


def newest_rows(events: Iterable[SentEvent]) -> dict[str, Row]:
    """Return Postgres's expected row of each pin: event_id, category, follower_count, downloaded."""
    rows: dict[str, Row] = {}
    for event in events:
        row = (event.event_id, event.category, event.follower_count, event.follower_count % 2)
        rows[event.unique_id] = max(row, rows.get(event.unique_id, row))
    return rows


def _read_served_rows(settings: Settings) -> Mapping[str, Row]:
    columns = "unique_id::text, event_id::text, category, follower_count, downloaded"
    with closing(connect(settings.postgres)) as session, session.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM experimental_data")
        return {pin: (event_id, *rest) for pin, event_id, *rest in cursor}


def _count_missing(spark: SparkSession, settings: Settings, events: Iterable[SentEvent]) -> int:
    """Count the acknowledged events that are missing in a lane's bronze, over both lanes."""
    file = Path(settings.home) / "acknowledged.txt"
    file.write_text("\n".join({event.event_id for event in events}), encoding="utf-8")
    acknowledged = spark.read.text(f"file:{file.absolute()}").withColumnRenamed("value", "event_id")
    lake = DeltaLake.of(spark, settings)
    return sum(
        acknowledged.join(
            lake.read(lane.bronze).select("event_id"),
            "event_id",
            "leftanti",
        ).count()
        for lane in (BATCH, STREAM)
    )


def _count_doubled(spark: SparkSession, settings: Settings) -> int:
    lake = DeltaLake.of(spark, settings)
    keys: list[tuple[Table, Sequence[str]]] = [
        (lane.bronze, ("topic", "partition", "offset")) for lane in (BATCH, STREAM)
    ]
    keys += [(table, table.key) for lane in (BATCH, STREAM) for table in (lane.silver, lane.features)]
    doubled = 0
    for table, key in keys:
        rows = lake.read(table)
        row = rows.groupBy(*key).count().agg(F.sum(F.col("count") - 1).alias("more")).first()
        doubled += int(row.more or 0) if row else 0
    return doubled
