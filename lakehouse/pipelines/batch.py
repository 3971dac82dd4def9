"""The batch lane: three steps, each of which processes what is new in the previous layer and ends."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze import sources
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.gold.pin_features import check_features
from lakehouse.pipelines.micro_batches import BatchWriter, MicroBatches
from lakehouse.pipelines.table_writes import LaneWriter
from lakehouse.quality import gate as gates
from lakehouse.quality.publish import publish
from lakehouse.quality.results import GateStats
from lakehouse.silver.deduplication import latest_event_per_pin
from lakehouse.silver.parsing import RULES
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records, to_silver
from lakehouse.spark import filesystem
from lakehouse.spark.parallel import run_concurrently

# A micro-batch holds about a million pins: few commits, and the cached rows fit the default memory.
_LANDING_OBJECTS = 20
_DELTA_BYTES = "256m"


def run_all(lake: DeltaLake, *, text_policy: TextPolicy) -> dict[str, StepMetrics]:
    """Run the three steps one after another; return the counts of each."""
    return {
        "bronze": run_bronze(lake),
        "silver": run_silver(lake, text_policy=text_policy),
        "gold": run_gold(lake),
    }


def run_bronze(lake: DeltaLake) -> StepMetrics:
    """Append the new landing objects to bronze.pins_batch and publish it.

    Returns:
        The rows read and written; the other steps also count the quarantined rows.

    Raises: as `MicroBatches.drain` and `publish`; so do the other steps.
    """

    def write(rows: DataFrame, batch: MicroBatch) -> StepMetrics:
        LaneWriter(lake, BATCH).append_bronze(to_bronze(rows, at=batch.began), batch)
        written = lake.rows_of_last_write(BATCH.bronze)
        return StepMetrics(read=written, written=written)

    if not filesystem.list_names(lake.spark, lake.locations.landing):
        return StepMetrics()
    source = sources.read_landing(lake.spark, folder=lake.locations.landing, files_per_batch=_LANDING_OBJECTS)
    counts = _drain(lake, source, write, targets=(BATCH.bronze,))
    publish(lake, BATCH.bronze, gates=GateStats())
    return counts


def run_silver(lake: DeltaLake, *, text_policy: TextPolicy) -> StepMetrics:
    """Merge the pins in new bronze rows into silver.pins_batch and publish it; quarantine invalid rows."""
    stats = GateStats()
    counts = write_silver(lake, text_policy=text_policy, stats=stats)
    publish(lake, BATCH.silver, gates=stats)
    return counts


def write_silver(lake: DeltaLake, *, text_policy: TextPolicy, stats: GateStats) -> StepMetrics:
    """Do what `run_silver` does without auditing or publishing silver.

    Args:
        lake: the lakehouse.
        text_policy: see `lakehouse.silver.cleaning`.
        stats: receives the counts of silver's gate.
    """
    gate, writer = gates.open_gate(lake.spark, BATCH.silver), LaneWriter(lake, BATCH)

    def write(rows: DataFrame, batch: MicroBatch) -> StepMetrics:
        checked = check_records(rows, gate, text_policy=text_policy, at=batch.began).persist()
        try:
            result = gates.count_violations(checked, gate, parsing=RULES)
            stats.add(result)
            writes = writer.silver_writes(to_silver(checked), result, batch)
            run_concurrently(list(writes))
            return result.counts
        finally:
            checked.unpersist()

    source = _new_rows(lake, BATCH.bronze)
    return _drain(lake, source, write, targets=(BATCH.silver, BATCH.quarantine))


def run_gold(lake: DeltaLake) -> StepMetrics:
    """Merge changed silver rows into gold.pin_features_batch, and recompute their days of category_daily.

    Publishes silver first if necessary, because gold reads only published rows.
    """
    gate, stats = gates.open_gate(lake.spark, BATCH.features), GateStats()
    writer = LaneWriter(lake, BATCH)

    def write(rows: DataFrame, batch: MicroBatch) -> StepMetrics:
        changes = rows.persist()
        try:
            days = [
                row.day for row in changes.select(F.to_date("event_time").alias("day")).distinct().collect()
            ]
            if not days:
                return StepMetrics()
            upserts = latest_event_per_pin(changes.where("_change_type IN ('insert', 'update_postimage')"))
            result = gates.count_violations(check_features(upserts, gate), gate)
            stats.add(result)
            writes = [
                *writer.features_writes(gates.valid_rows(result.rows), result, batch),
                lambda: writer.replace_category_daily(days, batch),
            ]
            run_concurrently(writes)
            return result.counts
        finally:
            changes.unpersist()

    source = _new_rows(lake, BATCH.silver)
    publish(lake, BATCH.silver, gates=GateStats())
    counts = _drain(lake, source, write, targets=(BATCH.features, CATEGORY_DAILY, BATCH.quarantine))
    publish(lake, BATCH.features, gates=stats)
    return counts


def _new_rows(lake: DeltaLake, table: Table) -> DataFrame:
    """Stream a table's rows; for a table with a change feed, its row changes."""
    lake.ensure(table)
    reader = lake.spark.readStream.format("delta").option("maxBytesPerTrigger", _DELTA_BYTES)
    if table.change_feed:
        reader = reader.option("readChangeFeed", "true")
    else:
        # Apart from appends there are only removals of erased pins' rows, which bring nothing new.
        reader = reader.option("skipChangeCommits", "true")
    return reader.load(lake.path(table))


def _drain(
    lake: DeltaLake, source: DataFrame, write: BatchWriter, *, targets: tuple[Table, ...]
) -> StepMetrics:
    for table in targets:
        lake.ensure(table)
    checkpoint = lake.checkpoint(targets[0].full_name)
    run = commit_info.begin(lane=BATCH.name)
    return MicroBatches(source, write, checkpoint=checkpoint, run=run).drain()
