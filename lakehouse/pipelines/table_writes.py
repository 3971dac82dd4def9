"""One promotion a layer, shared by both lanes: a micro-batch's rows into its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame

from lakehouse.catalog.schemas import BRONZE
from lakehouse.catalog.tables import CATEGORY_DAILY, Lane
from lakehouse.delta import lake as delta
from lakehouse.delta.lake import MicroBatch
from lakehouse.gold.category_daily import of_days, to_category_daily
from lakehouse.gold.pin_features import to_features
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import Judged
from lakehouse.quality.quarantine import to_quarantine

Write = Callable[[], None]


def to_bronze_table(rows: DataFrame, lane: Lane, batch: MicroBatch) -> None:
    """Append bronze rows. One job."""
    delta.append(rows.select(*BRONZE.fieldNames()), lane.bronze, batch)


def to_silver_table(silver: DataFrame, lane: Lane, batch: MicroBatch) -> None:
    """Merge silver rows, newest event wins."""
    delta.merge_newest(silver, lane.silver, batch)


def to_features_table(silver: DataFrame, lane: Lane, batch: MicroBatch) -> None:
    """Merge the features of silver rows, newest event wins."""
    delta.merge_newest(to_features(silver), lane.features, batch)


def silver_writes(silver: DataFrame, judged: Judged, lane: Lane, batch: MicroBatch) -> Iterator[Write]:
    """Yield what writes a micro-batch that silver's gate has judged: its silver rows, and what it refused.

    Args:
        silver: silver's columns, of the rows that passed.
        judged: all of them.
        lane: whose tables.
        batch: the micro-batch.
    """
    counted = batch.counting(judged.counts, step="silver")
    if judged.counts.written:
        yield lambda: to_silver_table(silver, lane, counted)
    if judged.counts.quarantined:
        yield lambda: _to_quarantine_table(judged, lane, counted)


def features_writes(judged: Judged, lane: Lane, batch: MicroBatch) -> Iterator[Write]:
    """Yield the same for silver rows that gold's gate has judged."""
    counted = batch.counting(judged.counts, step="gold")
    if judged.counts.written:
        yield lambda: to_features_table(gates.passed(judged.rows), lane, counted)
    if judged.counts.quarantined:
        yield lambda: _to_quarantine_table(judged, lane, counted)


def to_category_daily_table(silver: DataFrame, days: list[date], batch: MicroBatch) -> None:
    """Compute the figures of some days anew from the whole silver table and replace them.

    Reads the silver files whose event times touch the days: the cost follows the days, not the table.

    Args:
        silver: the silver table.
        days: the days to compute, at least one.
        batch: the micro-batch.
    """
    listed = ", ".join(f"DATE'{day}'" for day in sorted(days))
    figures = to_category_daily(of_days(silver, days))
    delta.replace(figures, CATEGORY_DAILY, batch, where=f"day IN ({listed})")


def _to_quarantine_table(judged: Judged, lane: Lane, batch: MicroBatch) -> None:
    """Append rows that a layer's gate has refused. One job."""
    layer = judged.gate.table.layer
    # Two layers of one micro-batch may refuse rows: to Delta these are writes of two queries.
    apart = replace(batch, query=f"{batch.query}/{layer}")
    delta.append(to_quarantine(judged.refused(), layer=layer), lane.quarantine, apart)
