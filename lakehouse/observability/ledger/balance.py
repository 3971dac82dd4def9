"""Whether the sums close, from Kafka's offsets to Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.catalog.tables import BATCH, STREAM, Lane
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.ledger import collect, entries
from lakehouse.observability.ledger.collect import Collected
from lakehouse.serving.postgres import Totals

SHOWN = 10
# Rows that entered and were not taken away since.
_KEPT = "inserted - coalesce(removed, 0)"


@dataclass(frozen=True)
class Sum:
    """One sum that has to close.

    Attributes:
        lane: batch or stream.
        what: in words.
        expected: by the side it comes from.
        found: on the side it goes to.
        where: the first few places where it does not close.
    """

    lane: str
    what: str
    expected: int
    found: int
    where: tuple[str, ...] = ()

    @property
    def closes(self) -> bool:
        """Whether both sides agree."""
        return self.expected == self.found and not self.where


def check(lake: DeltaLake, collected: Collected, *, since: datetime | None = None) -> list[Sum]:
    """Return every sum of both lanes.

    Reads the ledger since a moment, and the logs of the tables: rows are counted from file statistics. A
    handful of small jobs.

    Args:
        lake: the lakehouse.
        collected: how far the ledger reaches.
        since: steps before this are not looked at one by one; rows are always counted in all.
    """
    ledger = collect.read(lake).persist()
    try:
        recent = ledger if since is None else ledger.where(F.col("at") >= F.lit(since))
        done = _done(lake)
        sums = [
            total
            for lane in (BATCH, STREAM)
            for total in (*_steps(recent, lane, done), *_tables(ledger, lane, lake, collected))
        ]
        return sums + _served(ledger, collected.totals, done)
    finally:
        ledger.unpersist()


def _steps(ledger: DataFrame, lane: Lane, done: Column) -> Iterator[Sum]:
    of_lane = ledger.where(F.col("lane") == lane.name)
    yield _gaps_and_overlaps(of_lane, lane)
    bronze = of_lane.where(F.col("table") == lane.bronze.full_name)
    yield _total(lane, "records read = rows in bronze", bronze, F.col("rows_in"), F.col("rows_out"))
    refused = of_lane.where(F.col("table") == lane.quarantine.full_name).where(~_by_hand())
    yield _total(lane, "rows refused = rows quarantined", refused, F.col("quarantined"), F.col("rows_out"))
    kept = of_lane.where(F.col("table").isin(lane.silver.full_name, lane.features.full_name))
    settled = F.col("quarantined") + F.col("rows_out") + F.greatest("superseded", F.lit(0))
    yield _total(lane, "rows judged = written, superseded or refused", kept, F.col("rows_in"), settled)
    if lane is STREAM:
        batches = of_lane.where(done).transform(lambda rows: _by_batch(rows, lane))
        yield _total(
            lane, "rows in bronze = rows judged for silver", batches, F.col("bronze"), F.col("silver")
        )
        yield _total(
            lane, "rows passed to gold = rows sent to Postgres", batches, F.col("gold"), F.col("served")
        )


def _by_batch(ledger: DataFrame, lane: Lane) -> DataFrame:
    """Return per micro-batch what each layer says of it. One shuffle."""

    def of(table: str, value: Column, *steps: Step) -> Column:
        written = (F.col("table") == table) & F.col("step").isin(*steps)
        return F.coalesce(F.max(F.when(written, value)), F.lit(0))

    refused = lane.quarantine.full_name
    judged = [of(table, F.col("rows_in"), Step.SILVER) for table in (lane.silver.full_name, refused)]
    passed = F.col("rows_in") - F.col("quarantined")
    gold = [of(table, passed, Step.GOLD) for table in (lane.features.full_name, refused)]
    return (
        ledger.where(~_by_hand())
        .groupBy("query", "batch")
        .agg(
            of(lane.bronze.full_name, F.col("rows_out"), Step.BRONZE).alias("bronze"),
            F.greatest(*judged).alias("silver"),
            F.greatest(*gold).alias("gold"),
            # Older loads of Postgres are stored as bronze.
            of(entries.POSTGRES, F.col("rows_in"), Step.SERVING, Step.BRONZE).alias("served"),
            F.max("at").alias("at"),
        )
    )


def _gaps_and_overlaps(ledger: DataFrame, lane: Lane) -> Sum:
    """Count the places where one range of offsets does not begin where the one before ended. One shuffle."""
    in_order = Window.partitionBy("topic", "partition").orderBy("first")
    ranges = (
        ledger.where((F.col("table") == lane.bronze.full_name) | (F.col("step") == entries.LOST))
        .select(F.inline("offsets"))
        .distinct()
        .withColumn("begins", F.lag("last").over(in_order) + 1)
        .where("first <> begins")
    )
    place = F.concat_ws(
        " ",
        "topic",
        F.lit("partition"),
        "partition",
        F.lit("expected offset"),
        "begins",
        F.lit("found"),
        "first",
    )
    return _sum(lane, "breaks in the offsets read", ranges, place, F.lit(0), F.lit(1))


def _tables(ledger: DataFrame, lane: Lane, lake: DeltaLake, collected: Collected) -> Iterator[Sum]:
    for table in lane.tables:
        version = collected.versions.get(table.full_name)
        if version is None:
            continue
        row = ledger.where(F.col("table") == table.full_name).agg(F.sum(F.expr(_KEPT)).alias("rows")).first()
        entered = int(row.rows or 0) if row else 0
        rows = lake.read(table, version=version)
        yield Sum(lane.name, f"rows entered = rows of {table.full_name}", entered, rows.count())


def _served(ledger: DataFrame, totals: Totals, done: Column) -> list[Sum]:
    settled = ledger.where((F.col("lane") == STREAM.name) & (done | _by_hand()))
    inserted = {
        name: F.coalesce(F.sum(F.when(F.col("table") == name, F.expr(_KEPT))), F.lit(0)).alias(name)
        for name in (STREAM.features.full_name, entries.POSTGRES)
    }
    row = settled.agg(*inserted.values()).first()
    assert row is not None  # an aggregate without groups has one row
    what = f"pins new to {STREAM.features.full_name} = pins new to Postgres"
    new, served = int(row[STREAM.features.full_name]), int(row[entries.POSTGRES])
    return [
        Sum(STREAM.name, "rows entered = rows of Postgres", totals.entered, totals.rows),
        Sum(STREAM.name, what, new, served, _restores(settled) if new != served else ()),
    ]


def _restores(ledger: DataFrame) -> tuple[str, ...]:
    """Name the restores of the table behind Postgres, which did not go back with it. One small job."""
    of_features = ledger.where(F.col("table") == STREAM.features.full_name)
    found = of_features.where(F.col("step") == Step.RESTORE).where(f"{_KEPT} <> 0").orderBy("version")
    return tuple(
        f"version {row.version} is a restore with {row.net:+,} rows, which Postgres has not followed"
        for row in found.selectExpr("version", f"{_KEPT} AS net").take(SHOWN)
    )


def _total(lane: Lane, what: str, rows: DataFrame, expected: Column, found: Column) -> Sum:
    place = F.concat_ws(" ", F.lit("micro-batch"), "batch", F.lit("of"), "query")
    return _sum(lane, what, rows, place, expected, found)


def _sum(lane: Lane, what: str, rows: DataFrame, place: Column, expected: Column, found: Column) -> Sum:
    """Add both sides up, and name the first rows where they differ. One job."""
    left, right = F.coalesce(expected, F.lit(0)), F.coalesce(found, F.lit(0))
    differing = F.when(left != right, F.concat(place, F.lit(": "), left, F.lit(" and "), right))
    row = rows.agg(
        F.coalesce(F.sum(left), F.lit(0)).alias("expected"),
        F.coalesce(F.sum(right), F.lit(0)).alias("found"),
        F.slice(F.array_sort(F.collect_set(differing)), 1, SHOWN).alias("where"),
    ).first()
    assert row is not None  # an aggregate without groups has one row
    return Sum(lane.name, what, int(row.expected), int(row.found), tuple(row["where"]))


def _done(lake: DeltaLake) -> Column:
    """Leave out the stream's micro-batch that may be under way: its checkpoint says which are done."""
    return F.col("batch") <= lake.checkpoint("stream").last_committed_batch()


def _by_hand() -> Column:
    return F.col("step").isin(*entries.BY_HAND)
