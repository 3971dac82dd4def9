"""Balance checks of the ledger, from Kafka's offsets to Postgres."""

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
from lakehouse.observability.ledger.collect import LedgerState
from lakehouse.serving.postgres import Totals

MAX_EXAMPLES = 10
# Rows that entered the table, less those removed since.
_NET_ROWS = "inserted - coalesce(removed, 0)"


@dataclass(frozen=True)
class BalanceCheck:
    """One sum that must close. `pinlake ledger check --json` prints the attributes under these names.

    Attributes:
        lane: batch or stream.
        what: the sum, in words.
        expected: rows or records on the side they come from.
        found: rows or records on the side they go to.
        where: the first few places where the sides differ, each a sentence.
    """

    lane: str
    what: str
    expected: int
    found: int
    where: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether both sides are equal, in total and at each place."""
        return self.expected == self.found and not self.where


def check_balance(
    lake: DeltaLake, collected: LedgerState, *, since: datetime | None = None
) -> list[BalanceCheck]:
    """Return every sum of both lanes.

    Reads the ledger since a moment and the logs of the tables. Rows are counted from file statistics. Costs
    a handful of small jobs.

    Args:
        lake: the lakehouse.
        collected: how far the ledger reaches.
        since: steps before this are not checked one by one; the rows of the tables are always counted in
            full.
    """
    ledger = collect.read(lake).persist()
    try:
        recent = ledger if since is None else ledger.where(F.col("at") >= F.lit(since))
        committed = _is_committed(lake)
        checks = [
            check
            for lane in (BATCH, STREAM)
            for check in (
                *_check_steps(recent, lane, committed),
                *_check_tables(ledger, lane, lake, collected),
            )
        ]
        return checks + _check_postgres(ledger, collected.totals, committed)
    finally:
        ledger.unpersist()


def _check_steps(ledger: DataFrame, lane: Lane, committed: Column) -> Iterator[BalanceCheck]:
    of_lane = ledger.where(F.col("lane") == lane.name)
    yield _check_offsets(of_lane, lane)
    bronze = of_lane.where(F.col("table") == lane.bronze.full_name)
    yield _check_rows(lane, "records read = rows in bronze", bronze, F.col("rows_in"), F.col("rows_out"))
    refused = of_lane.where(F.col("table") == lane.quarantine.full_name).where(~_is_manual())
    yield _check_rows(
        lane, "rows refused = rows quarantined", refused, F.col("quarantined"), F.col("rows_out")
    )
    judged = of_lane.where(F.col("table").isin(lane.silver.full_name, lane.features.full_name))
    outcomes = F.col("quarantined") + F.col("rows_out") + F.greatest("superseded", F.lit(0))
    yield _check_rows(
        lane, "rows judged = written, superseded or refused", judged, F.col("rows_in"), outcomes
    )
    if lane is STREAM:
        batches = of_lane.where(committed).transform(lambda rows: _count_by_batch(rows, lane))
        yield _check_rows(
            lane, "rows in bronze = rows judged for silver", batches, F.col("bronze"), F.col("silver")
        )
        yield _check_rows(
            lane, "rows passed to gold = rows sent to Postgres", batches, F.col("gold"), F.col("served")
        )


def _count_by_batch(ledger: DataFrame, lane: Lane) -> DataFrame:
    """Return each layer's count of rows per micro-batch. One shuffle."""

    def rows_of(table: str, value: Column, *steps: Step) -> Column:
        written = (F.col("table") == table) & F.col("step").isin(*steps)
        return F.coalesce(F.max(F.when(written, value)), F.lit(0))

    refused = lane.quarantine.full_name
    judged = [rows_of(table, F.col("rows_in"), Step.SILVER) for table in (lane.silver.full_name, refused)]
    passed = F.col("rows_in") - F.col("quarantined")
    gold = [rows_of(table, passed, Step.GOLD) for table in (lane.features.full_name, refused)]
    return (
        ledger.where(~_is_manual())
        .groupBy("query", "batch")
        .agg(
            rows_of(lane.bronze.full_name, F.col("rows_out"), Step.BRONZE).alias("bronze"),
            F.greatest(*judged).alias("silver"),
            F.greatest(*gold).alias("gold"),
            # Older versions stored loads of Postgres under the step bronze.
            rows_of(entries.POSTGRES, F.col("rows_in"), Step.SERVING, Step.BRONZE).alias("served"),
            F.max("at").alias("at"),
        )
    )


def _check_offsets(ledger: DataFrame, lane: Lane) -> BalanceCheck:
    """Count the ranges of offsets that do not begin where the one before ended. One shuffle."""
    in_order = Window.partitionBy("topic", "partition").orderBy("first")
    ranges = (
        ledger.where((F.col("table") == lane.bronze.full_name) | (F.col("step") == entries.LOST))
        .select(F.inline("offsets"))
        .distinct()
        .withColumn("begins", F.lag("last").over(in_order) + 1)
        .where("first <> begins")
    )
    message = F.concat_ws(
        " ",
        "topic",
        F.lit("partition"),
        "partition",
        F.lit("expected offset"),
        "begins",
        F.lit("found"),
        "first",
    )
    return _check_sum(lane, "breaks in the offsets read", ranges, message, F.lit(0), F.lit(1))


def _check_tables(
    ledger: DataFrame, lane: Lane, lake: DeltaLake, collected: LedgerState
) -> Iterator[BalanceCheck]:
    for table in lane.tables:
        version = collected.versions.get(table.full_name)
        if version is None:
            continue
        row = (
            ledger.where(F.col("table") == table.full_name)
            .agg(F.sum(F.expr(_NET_ROWS)).alias("rows"))
            .first()
        )
        entered = int(row.rows or 0) if row else 0
        rows = lake.read(table, version=version)
        yield BalanceCheck(lane.name, f"rows entered = rows of {table.full_name}", entered, rows.count())


def _check_postgres(ledger: DataFrame, totals: Totals, committed: Column) -> list[BalanceCheck]:
    stream = ledger.where((F.col("lane") == STREAM.name) & (committed | _is_manual()))
    inserted = {
        name: F.coalesce(F.sum(F.when(F.col("table") == name, F.expr(_NET_ROWS))), F.lit(0)).alias(name)
        for name in (STREAM.features.full_name, entries.POSTGRES)
    }
    row = stream.agg(*inserted.values()).first()
    assert row is not None  # an aggregate without groups has one row
    what = f"pins new to {STREAM.features.full_name} = pins new to Postgres"
    new, served = int(row[STREAM.features.full_name]), int(row[entries.POSTGRES])
    return [
        BalanceCheck(STREAM.name, "rows entered = rows of Postgres", totals.entered, totals.rows),
        BalanceCheck(STREAM.name, what, new, served, _describe_restores(stream) if new != served else ()),
    ]


def _describe_restores(ledger: DataFrame) -> tuple[str, ...]:
    """Describe the restores of the table behind Postgres, which keeps its rows then. One small job."""
    features = ledger.where(F.col("table") == STREAM.features.full_name)
    restores = features.where(F.col("step") == Step.RESTORE).where(f"{_NET_ROWS} <> 0").orderBy("version")
    return tuple(
        f"version {row.version} is a restore with {row.net:+,} rows, which Postgres has not followed"
        for row in restores.selectExpr("version", f"{_NET_ROWS} AS net").take(MAX_EXAMPLES)
    )


def _check_rows(lane: Lane, what: str, rows: DataFrame, expected: Column, found: Column) -> BalanceCheck:
    micro_batch = F.concat_ws(" ", F.lit("micro-batch"), "batch", F.lit("of"), "query")
    return _check_sum(lane, what, rows, micro_batch, expected, found)


def _check_sum(
    lane: Lane, what: str, rows: DataFrame, name: Column, expected: Column, found: Column
) -> BalanceCheck:
    """Add up both sides, and name the first rows where they differ. One job."""
    left, right = F.coalesce(expected, F.lit(0)), F.coalesce(found, F.lit(0))
    differing = F.when(left != right, F.concat(name, F.lit(": "), left, F.lit(" and "), right))
    row = rows.agg(
        F.coalesce(F.sum(left), F.lit(0)).alias("expected"),
        F.coalesce(F.sum(right), F.lit(0)).alias("found"),
        F.slice(F.array_sort(F.collect_set(differing)), 1, MAX_EXAMPLES).alias("where"),
    ).first()
    assert row is not None  # an aggregate without groups has one row
    return BalanceCheck(lane.name, what, int(row.expected), int(row.found), tuple(row["where"]))


def _is_committed(lake: DeltaLake) -> Column:
    """Return whether the stream's checkpoint has the micro-batch: a newer one may still be under way."""
    return F.col("batch") <= lake.checkpoint("stream").last_committed_batch()


def _is_manual() -> Column:
    return F.col("step").isin(*entries.MANUAL_STEPS)
