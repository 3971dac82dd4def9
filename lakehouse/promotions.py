"""One promotion a layer, shared by both lanes: a micro-batch's rows into its table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import delta
from lakehouse.delta import MicroBatch
from lakehouse.gold.category_daily import to_category_daily
from lakehouse.gold.features import to_features
from lakehouse.quarantine import to_quarantine
from lakehouse.tables import BRONZE, CATEGORY_DAILY, Lane


def to_bronze_table(rows: DataFrame, lane: Lane, batch: MicroBatch) -> None:
    """Append bronze rows. One job."""
    delta.append(rows.select(*BRONZE.fieldNames()), lane.bronze, batch)


def to_quarantine_table(refused: DataFrame, lane: Lane, batch: MicroBatch, *, layer: str) -> None:
    """Append rows that a layer's gate has refused. One job."""
    # Two layers of one micro-batch may refuse rows: to Delta these are writes of two queries.
    apart = replace(batch, query=f"{batch.query}/{layer}")
    delta.append(to_quarantine(refused, layer=layer), lane.quarantine, apart)


def to_silver_table(silver: DataFrame, lane: Lane, batch: MicroBatch) -> None:
    """Merge silver rows, newest event wins."""
    delta.merge_newest(silver, lane.silver, batch)


def to_features_table(silver: DataFrame, lane: Lane, batch: MicroBatch) -> None:
    """Merge the features of silver rows, newest event wins."""
    delta.merge_newest(to_features(silver), lane.features, batch)


def to_category_daily_table(silver: DataFrame, days: list[date], batch: MicroBatch) -> None:
    """Compute the figures of some days anew from the whole silver table and replace them.

    Reads the silver files whose event times touch the days: the cost follows the days, not the table.

    Args:
        silver: the silver table.
        days: the days to compute, at least one.
        batch: the micro-batch.
    """
    span = (F.col("event_time") >= F.lit(min(days))) & (
        F.col("event_time") < F.lit(max(days) + timedelta(days=1))
    )
    chosen = silver.where(span).where(F.to_date("event_time").isin(days))
    listed = ", ".join(f"DATE'{day}'" for day in sorted(days))
    delta.replace(chosen.transform(to_category_daily), CATEGORY_DAILY, batch, where=f"day IN ({listed})")
