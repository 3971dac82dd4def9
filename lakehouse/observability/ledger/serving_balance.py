"""Balance checks of the serving query, from Kafka's offsets to Postgres."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.catalog.tables import STREAM
from lakehouse.delta.commit_info import Step
from lakehouse.observability.ledger import entries
from lakehouse.observability.ledger.sums import MAX_EXAMPLES, BalanceCheck, check_rows, check_sum
from lakehouse.serving.position import QUERY


def check_serving(ledger: DataFrame) -> Iterator[BalanceCheck]:
    """Yield the sums that close from Kafka to Postgres by the offsets of the loads.

    Args:
        ledger: entries of both lanes.
    """
    of_lane = ledger.where(F.col("lane") == STREAM.name)
    yield _check_offsets(of_lane)
    loads = of_lane.where((F.col("table") == entries.POSTGRES) & (F.col("query") == QUERY))
    read = loads.where(F.col("step") == Step.SERVING).where("offsets IS NOT NULL")
    what = "records read = records judged for Postgres"
    yield check_rows(STREAM, what, read, entries.count_offsets(F.col("offsets")), F.col("rows_in"))


def check_passed(ledger: DataFrame, committed: Column) -> BalanceCheck:
    """Compare the events that passed both gates in the table query and in the serving query.

    Each query judges every record alike, so the sums are equal as far as both have read: rows of Postgres
    cannot be compared with rows of a history. Where only one of them has read, because it is ahead, each
    record may be one that passed. Rows that a restore has taken from gold since, or given back, are in the
    sum too: Postgres keeps its rows then. Entries of older versions do not have the count and are left out.
    A handful of small jobs.

    Args:
        ledger: entries of both lanes.
        committed: whether the table query's checkpoint has the micro-batch.
    """
    of_lane = ledger.where(F.col("lane") == STREAM.name)
    is_served = (F.col("table") == entries.POSTGRES) & (F.col("query") == QUERY)
    is_written = (F.col("table") == STREAM.bronze.full_name) & committed
    counted = of_lane.where("passed IS NOT NULL AND offsets IS NOT NULL").where(is_served | is_written)
    counted = counted.withColumn("is_served", is_served)
    row = counted.agg(
        F.sum(F.when(~F.col("is_served"), F.col("passed"))).alias("tables"),
        F.sum(F.when(F.col("is_served"), F.col("passed"))).alias("served"),
        F.min("at").alias("began"),
    ).first()
    assert row is not None  # an aggregate without groups has one row
    restores = _list_restores(of_lane.where(F.col("at") >= F.lit(row["began"])))
    expected, found = int(row["tables"] or 0) + sum(net for _, net in restores), int(row["served"] or 0)
    only_served, only_written = count_one_sided(counted) if expected != found else (0, 0)
    expected += max(-only_written, min(only_served, found - expected))
    what = "events past both gates in the tables = past both for Postgres"
    return BalanceCheck(STREAM.name, what, expected, found, _describe(restores) if expected != found else ())


def _list_restores(ledger: DataFrame) -> list[tuple[int, int]]:
    """Return version and net change of the restores of the table behind Postgres: a person makes each."""
    features = ledger.where(F.col("table") == STREAM.features.full_name).where(F.col("step") == Step.RESTORE)
    net = features.selectExpr("version", "inserted - coalesce(removed, 0) AS net").where("net <> 0")
    return [(row.version, row.net) for row in net.orderBy("version").collect()]


def _describe(restores: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    return tuple(
        f"version {version} is a restore with {net:+,} rows, which Postgres has not followed"
        for version, net in restores[:MAX_EXAMPLES]
    )


def count_one_sided(counted: DataFrame) -> tuple[int, int]:
    """Return how many offsets only the serving query has read, and how many only the table query.

    Costs one small job: the ranges of offsets become the places where they begin and end.

    Args:
        counted: offsets, is_served.
    """
    in_order = Window.partitionBy("topic", "partition").orderBy("at")
    step, served = F.col("step"), F.col("is_served")
    row = (
        counted.select("is_served", F.inline("offsets"))
        .select("topic", "partition", "is_served", F.expr("stack(2, first, 1, last + 1, -1) AS (at, step)"))
        .groupBy("topic", "partition", "at")
        .agg(F.sum(F.when(served, step)).alias("served"), F.sum(F.when(~served, step)).alias("written"))
        .select(
            (F.lead("at").over(in_order) - F.col("at")).alias("length"),
            (F.coalesce(F.sum("served").over(in_order), F.lit(0)) > 0).alias("served"),
            (F.coalesce(F.sum("written").over(in_order), F.lit(0)) > 0).alias("written"),
        )
        .agg(
            F.sum(F.when(F.col("served") & ~F.col("written"), F.col("length"))).alias("served"),
            F.sum(F.when(F.col("written") & ~F.col("served"), F.col("length"))).alias("written"),
        )
        .first()
    )
    assert row is not None  # an aggregate without groups has one row
    return int(row["served"] or 0), int(row["written"] or 0)


def _check_offsets(ledger: DataFrame) -> BalanceCheck:
    """Count the gaps between the offsets that were served or are lost. One shuffle.

    Ranges may overlap: a new database starts with what Kafka still has.
    """
    before = (
        Window.partitionBy("topic", "partition")
        .orderBy("first", "last")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    gaps = (
        ledger.where((F.col("table") == entries.POSTGRES) | (F.col("step") == entries.LOST))
        .select(F.inline("offsets"))
        .withColumn("begins", F.max("last").over(before) + 1)
        .where("first > begins")
    )
    message = F.format_string(
        "topic %s partition %d expected offset %d found %d", "topic", "partition", "begins", "first"
    )
    return check_sum(STREAM, "gaps in the offsets served", gaps, message, F.lit(0), F.lit(1))
