"""The changes of a rebuild in quarantine: records it newly refuses, and records that pass now."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import QUARANTINE
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.retries import retry_on_conflict
from lakehouse.delta.write_options import merge_session
from lakehouse.operations.rebuild.events import COORDINATES
from lakehouse.quality.gate import GateResult
from lakehouse.quality.quarantine import DROPPED, OPEN, to_quarantine

NOTE = "refused by a rebuild"


def find_new_rows(judged: GateResult, quarantine: DataFrame) -> DataFrame:
    """Return quarantine rows for the refused records that are not in quarantine in the same way already.

    A record that was released, or refused for other reasons, comes back under its old id.

    Args:
        judged: the rows that a gate checked.
        quarantine: the rows of quarantine.
    """
    current = quarantine.select("id", F.col("state").alias("_state"), F.col("reasons").alias("_reasons"))
    same = (F.col("_state") == OPEN) & (F.col("_reasons") == F.col("reasons"))
    unchanged = same | (F.col("_state") == DROPPED)
    return (
        to_quarantine(judged.invalid_rows(), layer=judged.gate.table.layer)
        .dropDuplicates(["id"])
        .join(current.dropDuplicates(["id"]), "id", "left")
        .where(~F.coalesce(unchanged, F.lit(False)))
        .select(*QUARANTINE.fieldNames())
    )


def released(passed: DataFrame, quarantine: DataFrame, *, layer: str) -> DataFrame:
    """Return the id of every open quarantine row whose record passes now.

    Args:
        passed: the rows that passed the gate.
        quarantine: the rows of quarantine.
        layer: the layer of the gate.
    """
    waiting = quarantine.where((F.col("layer") == layer) & (F.col("state") == OPEN))
    return waiting.join(passed, COORDINATES, "leftsemi").select("id")


def write(lake: DeltaLake, refusals: DataFrame, count: int, batch: MicroBatch) -> None:
    """Merge refusals into quarantine by their ids, in one commit; without rows there is no commit.

    Args:
        lake: the lakehouse.
        refusals: see `find_new_rows`.
        count: their number.
        batch: the rebuild as a micro-batch of the layer.
    """
    if not count:
        return
    counted = batch.for_step(Step.REBUILD, StepMetrics(read=count, quarantined=count))
    session = merge_session(refusals, BATCH.quarantine, counted)
    values = {name: F.col(f"new.{name}") for name in ("state", "reasons", "broken", "suite", "changed_at")}
    for attempt in retry_on_conflict(BATCH.quarantine):
        with attempt:
            table = lake.delta_table(BATCH.quarantine, session).alias("old")
            (
                table.merge(refusals.alias("new"), "old.id = new.id")
                .whenMatchedUpdate(f"old.state <> '{DROPPED}'", {**values, "note": F.lit(NOTE)})
                .whenNotMatchedInsertAll()
                .execute()
            )
