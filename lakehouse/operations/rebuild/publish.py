"""Publication of a rebuild, in steps. If it is killed after any step, the next rebuild completes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pyspark.sql import DataFrame

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step, Versions
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.quarantine import Quarantine
from lakehouse.operations.rebuild import quarantine
from lakehouse.operations.rebuild.recompute import Recomputation, RecomputedSilver
from lakehouse.pipelines.batch import run_gold
from lakehouse.quality.publish import publish
from lakehouse.quality.results import GateStats

NOTE = "passed in a rebuild"


class Publication:
    """The writes of one rebuild. Rows that do not differ are not written.

    Each step starts from what the tables hold. A refused record is in quarantine before it leaves silver. A
    record that passes is in silver before it is marked in quarantine.

    Args:
        lake: the lakehouse.
        recomputation: recomputes gold after an ordinary promotion has applied silver's changes to it.
        silver: the recomputed silver.
        stats: the counts of silver's gate in promotions that are not published yet.
    """

    def __init__(
        self, lake: DeltaLake, recomputation: Recomputation, *, silver: RecomputedSilver, stats: GateStats
    ) -> None:
        self._lake = lake
        self._recomputation = recomputation
        self._silver = silver
        self._stats = stats
        begun = commit_info.begin(lane=BATCH.name, step=Step.REBUILD)
        query = f"rebuild/{begun.run}"
        versions = Versions(0, silver.version)
        self._batch = MicroBatch(query, 0, replace(begun, query=query, versions=versions))

    def list_steps(self) -> tuple[Callable[[], None], ...]:
        """Return the steps, in order."""
        return (
            lambda: self._refuse(self._silver.refusals, layer="silver"),
            self._write_silver,
            self._publish_silver,
            lambda: self._release(self._silver.released),
            self._promote_to_gold,
            self._write_gold,
        )

    def _write_silver(self) -> None:
        self._apply(self._silver.changes, BATCH.silver, self._silver.judged.counts)

    def _publish_silver(self) -> None:
        refused, released = self._silver.refusals.count(), self._silver.released.count()
        if refused or released or not self._silver.changes.isEmpty():
            self._stats.add(self._silver.judged)
            # Only new refusals count: otherwise records refused long ago would keep readers waiting.
            self._stats.exclude_known(self._silver.judged.counts.quarantined - refused + released)
        publish(self._lake, BATCH.silver, gates=self._stats)

    def _promote_to_gold(self) -> None:
        # Also reads this rebuild's merge from silver's change feed, so that no later promotion repeats it.
        run_gold(self._lake)

    def _write_gold(self) -> None:
        stats = GateStats()
        gold = self._recomputation.recompute_gold(self._silver)
        self._refuse(gold.refusals, layer="gold")
        self._apply(gold.features, BATCH.features, gold.judged.counts)
        self._apply(gold.daily, CATEGORY_DAILY, gold.judged.counts)
        if not gold.features.isEmpty():
            stats.add(gold.judged)
        publish(self._lake, BATCH.features, gates=stats)
        self._release(gold.released)

    def _apply(self, changes: DataFrame, table: Table, counts: StepMetrics) -> None:
        if not changes.isEmpty():
            self._lake.apply_changes(changes, table, self._batch.for_step(Step.REBUILD, counts))

    def _refuse(self, rows: DataFrame, *, layer: str) -> None:
        # Two layers may refuse rows: for Delta these must be writes of two queries.
        batch = replace(self._batch, query=f"{self._batch.query}/{layer}")
        quarantine.write(self._lake, rows, rows.count(), batch)

    def _release(self, rows: DataFrame) -> None:
        Quarantine(self._lake, BATCH).release(rows, note=NOTE)
