"""Writes of a micro-batch into the tables of a lane; both lanes share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame

from lakehouse.catalog.schemas import BRONZE
from lakehouse.catalog.tables import CATEGORY_DAILY, Lane
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.gold.category_daily import filter_by_days, to_category_daily
from lakehouse.gold.pin_features import to_features
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import GateResult
from lakehouse.quality.quarantine import to_quarantine

TableWrite = Callable[[], None]


@dataclass(frozen=True)
class LaneWriter:
    """Writes into the tables of one lane.

    Attributes:
        lake: the lakehouse.
        lane: whose tables.
    """

    lake: DeltaLake
    lane: Lane

    def append_bronze(self, rows: DataFrame, batch: MicroBatch) -> None:
        """Append bronze rows. One job."""
        self.lake.append(rows.select(*BRONZE.fieldNames()), self.lane.bronze, batch.for_step(Step.BRONZE))

    def merge_silver(self, rows: DataFrame, batch: MicroBatch) -> None:
        """Merge silver rows, newest event wins."""
        self.lake.merge_newest(rows, self.lane.silver, batch)

    def merge_features(self, silver: DataFrame, batch: MicroBatch) -> None:
        """Merge the features of silver rows, newest event wins."""
        self.lake.merge_newest(to_features(silver), self.lane.features, batch)

    def append_quarantine(self, judged: GateResult, batch: MicroBatch) -> None:
        """Append rows that a layer's gate has refused. One job."""
        layer = judged.gate.table.layer
        # Two layers of one micro-batch may refuse rows: to Delta these are writes of two queries.
        apart = replace(batch, query=f"{batch.query}/{layer}")
        self.lake.append(to_quarantine(judged.invalid_rows(), layer=layer), self.lane.quarantine, apart)

    def replace_category_daily(self, days: list[date], batch: MicroBatch) -> None:
        """Recompute the figures of some days from the whole silver table and replace them.

        Reads the silver files whose event times touch the days: the cost follows the days, not the table.

        Args:
            days: the days to compute, at least one.
            batch: the micro-batch.
        """
        listed = ", ".join(f"DATE'{day}'" for day in sorted(days))
        figures = to_category_daily(filter_by_days(self.lake.read(self.lane.silver), days))
        batch = batch.for_step(Step.GOLD)
        self.lake.replace(figures, CATEGORY_DAILY, batch, where=f"day IN ({listed})")

    def silver_writes(self, silver: DataFrame, judged: GateResult, batch: MicroBatch) -> Iterator[TableWrite]:
        """Yield the writes of a micro-batch that silver's gate has judged: silver rows and refused rows.

        Args:
            silver: silver's columns, of the rows that passed.
            judged: all of them.
            batch: the micro-batch.
        """
        counted = batch.for_step(Step.SILVER, judged.counts)
        if judged.counts.written:
            yield lambda: self.merge_silver(silver, counted)
        if judged.counts.quarantined:
            yield lambda: self.append_quarantine(judged, counted)

    def features_writes(self, judged: GateResult, batch: MicroBatch) -> Iterator[TableWrite]:
        """Yield the same for silver rows that gold's gate has judged."""
        counted = batch.for_step(Step.GOLD, judged.counts)
        if judged.counts.written:
            yield lambda: self.merge_features(gates.valid_rows(judged.rows), counted)
        if judged.counts.quarantined:
            yield lambda: self.append_quarantine(judged, counted)
