"""The idempotent writes of a micro-batch into the tables of a lane, shared by both lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame

from lakehouse.catalog.schemas import BRONZE
from lakehouse.catalog.tables import CATEGORY_DAILY, Lane
from lakehouse.delta.appends import EventIds, append_new_events
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.gold.category_daily import filter_by_days, to_category_daily
from lakehouse.gold.pin_features import to_features
from lakehouse.quality.gate import GateResult
from lakehouse.quality.quarantine import to_quarantine

TableWrite = Callable[[], None]


@dataclass(frozen=True)
class LaneWriter:
    """Writes into the tables of one lane.

    Attributes:
        lake: the lakehouse.
        lane: the lane that owns the tables.
    """

    lake: DeltaLake
    lane: Lane

    def append_bronze(self, rows: DataFrame, batch: MicroBatch) -> None:
        """Append bronze rows. Costs one job."""
        self.lake.append(rows.select(*BRONZE.fieldNames()), self.lane.bronze, batch.for_step(Step.BRONZE))

    def write_silver(self, rows: DataFrame, batch: MicroBatch) -> None:
        """Merge silver rows; the newest event of a pin wins."""
        self.lake.merge_newest(rows, self.lane.silver, batch)

    def write_features(self, silver: DataFrame, batch: MicroBatch) -> None:
        """Merge the features of silver rows; the newest event of a pin wins."""
        self.lake.merge_newest(to_features(silver), self.lane.features, batch)

    def append_quarantine(self, result: GateResult, batch: MicroBatch) -> None:
        """Append the rows that a layer's gate refused. Costs one job."""
        layer = result.gate.table.layer
        # Two layers can refuse rows of one micro-batch; Delta must see these as writes of two queries.
        layer_batch = replace(batch, query=f"{batch.query}/{layer}")
        self.lake.append(to_quarantine(result.invalid_rows(), layer=layer), self.lane.quarantine, layer_batch)

    def replace_category_daily(self, days: list[date], batch: MicroBatch) -> None:
        """Recompute the rows of some days from silver and replace them.

        Reads only the silver files that can hold events of these days: the cost grows with the number of
        days, not with the table.

        Args:
            days: the days to recompute; at least one.
            batch: the micro-batch.
        """
        day_list = ", ".join(f"DATE'{day}'" for day in sorted(days))
        figures = to_category_daily(filter_by_days(self.lake.read(self.lane.silver), days))
        batch = batch.for_step(Step.GOLD)
        self.lake.replace(figures, CATEGORY_DAILY, batch, where=f"day IN ({day_list})")

    def silver_writes(self, silver: DataFrame, result: GateResult, batch: MicroBatch) -> Iterator[TableWrite]:
        """Yield the writes of a micro-batch that silver's gate checked: valid rows and invalid rows.

        Args:
            silver: the valid rows, in silver's columns.
            result: the result of silver's gate.
            batch: the micro-batch.
        """
        step_batch = batch.for_step(Step.SILVER, result.counts)
        if result.counts.written:
            yield lambda: self.write_silver(silver, step_batch)
        if result.counts.quarantined:
            yield lambda: self.append_quarantine(result, step_batch)

    def features_writes(
        self, silver: DataFrame, result: GateResult, batch: MicroBatch
    ) -> Iterator[TableWrite]:
        """Yield the writes of silver rows that gold's gate checked: their features and the invalid rows.

        Args:
            silver: the valid rows.
            result: the result of gold's gate.
            batch: the micro-batch.
        """
        step_batch = batch.for_step(Step.GOLD, result.counts)
        if result.counts.written:
            yield lambda: self.write_features(silver, step_batch)
        if result.counts.quarantined:
            yield lambda: self.append_quarantine(result, step_batch)


@dataclass(frozen=True)
class HistoryWriter(LaneWriter):
    """Writes into the tables of a lane that keeps every event: one row per event, appended once.

    Attributes:
        ids: the event ids of the micro-batch.
    """

    ids: EventIds

    def write_silver(self, rows: DataFrame, batch: MicroBatch) -> None:
        """Append the silver rows of events that the table lacks."""
        append_new_events(self.lake, rows, self.lane.silver, batch, ids=self.ids)

    def write_features(self, silver: DataFrame, batch: MicroBatch) -> None:
        """Append the features of events that the table lacks."""
        append_new_events(self.lake, to_features(silver), self.lane.features, batch, ids=self.ids)
