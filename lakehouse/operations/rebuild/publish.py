"""A rebuild brought into the tables step by step; cut off anywhere, the next one completes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pyspark.sql import DataFrame

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step, Versions
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.delta.metrics import StepMetrics
from lakehouse.operations.rebuild import quarantine as refusals
from lakehouse.operations.rebuild.recompute import Recomputation, Silver
from lakehouse.operations.replay import Quarantine
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.publish import publish
from lakehouse.quality.results import GateStats

NOTE = "passed in a rebuild"


class Publication:
    """The writes of one rebuild. What does not differ is not written.

    Each step begins with what the tables hold. What is refused is in quarantine before it leaves silver, and
    what has passed is in silver before it is marked there.

    Args:
        lake: the lakehouse.
        recomputation: computes gold, once ordinary promotions have brought silver's changes there.
        silver: what is to be published.
        log: what silver's gate has counted in promotions that nobody has published yet.
    """

    def __init__(
        self, lake: DeltaLake, recomputation: Recomputation, *, silver: Silver, log: GateStats
    ) -> None:
        self._lake = lake
        self._recomputation = recomputation
        self._silver = silver
        self._log = log
        begun = commit_info.begin(lane=BATCH.name, step=Step.REBUILD)
        query = f"rebuild/{begun.run}"
        versions = Versions(0, silver.version)
        self._batch = MicroBatch(query, 0, replace(begun, query=query, versions=versions))

    def steps(self) -> tuple[Callable[[], None], ...]:
        """Return what is to be done, in order."""
        return (
            lambda: self._refuse(self._silver.refusals, layer="silver"),
            self._write_silver,
            self._publish_silver,
            lambda: self._let_through(self._silver.let_through),
            self._promote_to_gold,
            self._write_gold,
        )

    def _write_silver(self) -> None:
        self._apply(self._silver.changes, BATCH.silver, self._silver.judged.counts)

    def _publish_silver(self) -> None:
        refused, back = self._silver.refusals.count(), self._silver.let_through.count()
        if refused or back or not self._silver.changes.isEmpty():
            self._log.add(self._silver.judged)
            # Of what is refused only that counts which was not before, or readers would wait for old sins.
            self._log.exclude_known(self._silver.judged.counts.quarantined - refused + back)
        publish(self._lake, BATCH.silver, gates=self._log)

    def _promote_to_gold(self) -> None:
        # What silver's change feed holds, this rebuild's merge too: no later promotion will bring it back.
        batch_lane.run_gold(self._lake)

    def _write_gold(self) -> None:
        log = GateStats()
        gold = self._recomputation.gold(self._silver)
        self._refuse(gold.refusals, layer="gold")
        self._apply(gold.features, BATCH.features, gold.judged.counts)
        self._apply(gold.daily, CATEGORY_DAILY, gold.judged.counts)
        if not gold.features.isEmpty():
            log.add(gold.judged)
        publish(self._lake, BATCH.features, gates=log)
        self._let_through(gold.let_through)

    def _apply(self, changes: DataFrame, table: Table, counts: StepMetrics) -> None:
        if not changes.isEmpty():
            self._lake.apply_changes(changes, table, self._batch.for_step(Step.REBUILD, counts))

    def _refuse(self, rows: DataFrame, *, layer: str) -> None:
        # Two layers may refuse rows: to Delta these are writes of two queries.
        batch = replace(self._batch, query=f"{self._batch.query}/{layer}")
        refusals.write(self._lake, rows, rows.count(), batch)

    def _let_through(self, rows: DataFrame) -> None:
        Quarantine(self._lake, BATCH).let_through(rows, note=NOTE)
