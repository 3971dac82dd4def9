"""What a rebuild refuses that was not refused before, and what it lets through that was."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import QUARANTINE
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake, MicroBatch, merge_session
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.retries import retry_on_conflict
from lakehouse.operations.rebuild.events import PLACE
from lakehouse.quality.gate import GateResult
from lakehouse.quality.quarantine import DROPPED, OPEN, to_quarantine

NOTE = "refused by a rebuild"


def new(judged: GateResult, quarantine: DataFrame) -> DataFrame:
    """Return quarantine rows for what a gate refuses, but for those that stand there so already.

    A record that had been let through, or was refused for other reasons, comes back under its old id.
    """
    known = quarantine.select("id", F.col("state").alias("_state"), F.col("reasons").alias("_reasons"))
    same = (F.col("_state") == OPEN) & (F.col("_reasons") == F.col("reasons"))
    settled = same | (F.col("_state") == DROPPED)
    return (
        to_quarantine(judged.invalid_rows(), layer=judged.gate.table.layer)
        .dropDuplicates(["id"])
        .join(known.dropDuplicates(["id"]), "id", "left")
        .where(~F.coalesce(settled, F.lit(False)))
        .select(*QUARANTINE.fieldNames())
    )


def let_through(passed: DataFrame, quarantine: DataFrame, *, layer: str) -> DataFrame:
    """Return the id of every open quarantine row whose record passes now."""
    waiting = quarantine.where((F.col("layer") == layer) & (F.col("state") == OPEN))
    return waiting.join(passed, PLACE, "leftsemi").select("id")


def write(lake: DeltaLake, refusals: DataFrame, count: int, batch: MicroBatch) -> None:
    """Merge refusals into quarantine by their ids. One commit, none without rows.

    Args:
        lake: the lakehouse.
        refusals: see `new`.
        count: how many they are.
        batch: the rebuild, as the layer's writes know it.
    """
    if not count:
        return
    counted = batch.for_step(Step.REBUILD, StepMetrics(read=count, quarantined=count))
    session = merge_session(refusals, BATCH.quarantine, counted)
    again = {name: F.col(f"new.{name}") for name in ("state", "reasons", "broken", "suite", "changed_at")}
    for attempt in retry_on_conflict(BATCH.quarantine):
        with attempt:
            table = lake.delta_table(BATCH.quarantine, session).alias("old")
            (
                table.merge(refusals.alias("new"), "old.id = new.id")
                .whenMatchedUpdate(f"old.state <> '{DROPPED}'", {**again, "note": F.lit(NOTE)})
                .whenNotMatchedInsertAll()
                .execute()
            )
