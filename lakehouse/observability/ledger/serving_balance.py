"""Balance checks of the serving query, from Kafka's offsets to Postgres."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.catalog.tables import STREAM
from lakehouse.delta.commit_info import Step
from lakehouse.observability.ledger import entries
from lakehouse.observability.ledger.sums import BalanceCheck, check_rows, check_sum
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


def count_under_way(ledger: DataFrame, committed: Column) -> tuple[int, int]:
    """Return how many offsets only the serving query has read, and how many only the table query.

    Costs one small job: the result has a row per partition.

    Args:
        ledger: entries of the stream lane.
        committed: whether the table query's checkpoint has the micro-batch.
    """
    is_table = ((F.col("table") == STREAM.bronze.full_name) & committed) | entries.is_lost_to_tables()
    is_served = F.col("table") == entries.POSTGRES
    rows = (
        ledger.where(is_table | is_served)
        .select(is_served.alias("served"), F.inline("offsets"))
        .groupBy("topic", "partition")
        .agg(
            F.min("first").alias("first"),
            F.max(F.when(~F.col("served"), F.col("last"))).alias("tables"),
            F.max(F.when(F.col("served"), F.col("last"))).alias("serving"),
        )
        # A partition that one of them has not read begins where the other began.
        .selectExpr("coalesce(serving, first - 1) - coalesce(tables, first - 1) AS ahead")
        .collect()
    )
    ahead = [int(row.ahead) for row in rows]
    return sum(max(0, count) for count in ahead), sum(max(0, -count) for count in ahead)


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
