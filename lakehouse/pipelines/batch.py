"""The batch lane: three steps, each reads what is new in the layer before it and exits."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze import sources
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.delta.metrics import StepMetrics
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

# One micro-batch holds about a million pins: few commits, and what is cached still fits the default memory.
_LANDING_OBJECTS = 20
_DELTA_BYTES = "256m"


def run_bronze(lake: DeltaLake) -> StepMetrics:
    """Append what is new in landing to bronze.pins_batch.

    Raises: as `MicroBatches.drain`; likewise the other steps.
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
    """Merge the pins in new bronze rows into silver.pins_batch; what is no pin goes to quarantine."""
    log = GateStats()
    counts = write_silver(lake, text_policy=text_policy, log=log)
    publish(lake, BATCH.silver, gates=log)
    return counts


def write_silver(lake: DeltaLake, *, text_policy: TextPolicy, log: GateStats) -> StepMetrics:
    """Do the same without judging or publishing what silver is then; `log` takes what the gate counts."""
    gate, writer = gates.open_gate(lake.spark, BATCH.silver), LaneWriter(lake, BATCH)

    def write(rows: DataFrame, batch: MicroBatch) -> StepMetrics:
        judged = check_records(rows, gate, text_policy=text_policy, at=batch.began).persist()
        try:
            counted = gates.count_violations(judged, gate, parsing=RULES)
            log.add(counted)
            writes = writer.silver_writes(to_silver(judged), counted, batch)
            run_concurrently(list(writes))
            return counted.counts
        finally:
            judged.unpersist()

    source = _new_rows(lake, BATCH.bronze)
    return _drain(lake, source, write, targets=(BATCH.silver, BATCH.quarantine))


def run_gold(lake: DeltaLake) -> StepMetrics:
    """Merge changed silver rows into gold.pin_features_batch, renew the touched days of category_daily.

    Silver that has not been published is judged first: gold does not read what readers must not see.
    """
    gate, log = gates.open_gate(lake.spark, BATCH.features), GateStats()
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
            judged = gates.count_violations(check_features(upserts, gate), gate)
            log.add(judged)
            writes = [
                *writer.features_writes(judged, batch),
                lambda: writer.replace_category_daily(days, batch),
            ]
            run_concurrently(writes)
            return judged.counts
        finally:
            changes.unpersist()

    source = _new_rows(lake, BATCH.silver)
    publish(lake, BATCH.silver, gates=GateStats())
    counts = _drain(lake, source, write, targets=(BATCH.features, CATEGORY_DAILY, BATCH.quarantine))
    publish(lake, BATCH.features, gates=log)
    return counts


def _new_rows(lake: DeltaLake, table: Table) -> DataFrame:
    """A stream of a table's rows, or of its row changes where it records them."""
    lake.ensure(table)
    reader = lake.spark.readStream.format("delta").option("maxBytesPerTrigger", _DELTA_BYTES)
    if table.change_feed:
        reader = reader.option("readChangeFeed", "true")
    else:
        # Rows are only ever appended, but for those of erased pins, which are removed: nothing new in that.
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
