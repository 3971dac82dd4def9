"""Balance checks of the ledger, from Kafka's offsets to Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.catalog.tables import BATCH, STREAM, Lane
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.ledger import collect, entries, serving_balance
from lakehouse.observability.ledger.collect import LedgerState
from lakehouse.observability.ledger.sums import BalanceCheck, check_rows, check_sum
from lakehouse.serving.position import QUERY

# Rows that entered the table, less those removed since.
_NET_ROWS = "inserted - coalesce(removed, 0)"


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
        checks += serving_balance.check_serving(recent)
        totals = collected.totals
        checks.append(
            BalanceCheck(STREAM.name, "rows entered = rows of Postgres", totals.entered, totals.rows)
        )
        return [*checks, serving_balance.check_passed(ledger, committed)]
    finally:
        ledger.unpersist()


def _check_steps(ledger: DataFrame, lane: Lane, committed: Column) -> Iterator[BalanceCheck]:
    of_lane = ledger.where(F.col("lane") == lane.name)
    yield _check_offsets(of_lane, lane)
    bronze = of_lane.where(F.col("table") == lane.bronze.full_name)
    yield check_rows(lane, "records read = rows in bronze", bronze, F.col("rows_in"), F.col("rows_out"))
    refused = of_lane.where(F.col("table") == lane.quarantine.full_name).where(~_is_manual())
    yield check_rows(
        lane, "rows refused = rows quarantined", refused, F.col("quarantined"), F.col("rows_out")
    )
    judged = of_lane.where(F.col("table").isin(lane.silver.full_name, lane.features.full_name))
    outcomes = F.col("quarantined") + F.col("rows_out") + F.greatest("superseded", F.lit(0))
    yield check_rows(lane, "rows judged = written, superseded or refused", judged, F.col("rows_in"), outcomes)
    if lane is STREAM:
        of_tables = of_lane.where(committed & (F.col("query") != QUERY))
        batches = of_tables.transform(lambda rows: _count_by_batch(rows, lane))
        yield check_rows(
            lane, "rows in bronze = rows judged for silver", batches, F.col("bronze"), F.col("silver")
        )
        counted = batches.where(F.col("passed").isNotNull())
        yield check_rows(
            lane, "events past both gates = rows passed to gold", counted, F.col("passed"), F.col("gold")
        )
        # Only an older version sent the rows of a micro-batch to both.
        both = batches.where(F.col("served").isNotNull())
        yield check_rows(
            lane, "rows passed to gold = rows sent to Postgres", both, F.col("gold"), F.col("served")
        )


def _count_by_batch(ledger: DataFrame, lane: Lane) -> DataFrame:
    """Return each layer's count of rows per micro-batch. One shuffle."""

    def found(table: str, value: Column, *steps: Step) -> Column:
        written = (F.col("table") == table) & F.col("step").isin(*steps)
        return F.max(F.when(written, value))

    def rows_of(table: str, value: Column, *steps: Step) -> Column:
        return F.coalesce(found(table, value, *steps), F.lit(0))

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
            F.max(F.when(F.col("table") == lane.bronze.full_name, F.col("passed"))).alias("passed"),
            # Older versions stored loads of Postgres under the step bronze.
            found(entries.POSTGRES, F.col("rows_in"), Step.SERVING, Step.BRONZE).alias("served"),
            F.max("at").alias("at"),
        )
    )


def _check_offsets(ledger: DataFrame, lane: Lane) -> BalanceCheck:
    """Count the ranges of offsets that do not begin where the one before ended. One shuffle."""
    in_order = Window.partitionBy("topic", "partition").orderBy("first")
    ranges = (
        ledger.where((F.col("table") == lane.bronze.full_name) | entries.is_lost_to_tables())
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
    return check_sum(lane, "breaks in the offsets read", ranges, message, F.lit(0), F.lit(1))


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


def _is_committed(lake: DeltaLake) -> Column:
    """Return whether the stream's checkpoint has the micro-batch: a newer one may still be under way."""
    return F.col("batch") <= lake.checkpoint("stream").last_committed_batch()


def _is_manual() -> Column:
    return F.col("step").isin(*entries.MANUAL_STEPS)
