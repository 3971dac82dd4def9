"""The batch lane: three steps, each reads what is new in the layer before it and exits."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.bronze import sources as records
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.locations import Warehouse
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta import commit_info as receipt
from lakehouse.delta import lake as delta
from lakehouse.delta.lake import MicroBatch
from lakehouse.delta.metrics import Counts
from lakehouse.gold.pin_features import to_judged_features
from lakehouse.pipelines import table_writes as promotions
from lakehouse.pipelines.micro_batches import MicroBatches, Write
from lakehouse.quality import gate as gates
from lakehouse.quality.publish import publish
from lakehouse.quality.results import GateLog
from lakehouse.silver.deduplication import newest_per_pin
from lakehouse.silver.parsing import RULES
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import to_judged, to_silver
from lakehouse.spark import filesystem
from lakehouse.spark import parallel as side_by_side

# One micro-batch holds about a million pins: few commits, and what is cached still fits the default memory.
_LANDING_OBJECTS = 20
_DELTA_BYTES = "256m"


def bronze(spark: SparkSession, warehouse: Warehouse) -> Counts:
    """Append what is new in landing to bronze.pins_batch.

    Raises: as `MicroBatches.drain`; likewise the other steps.
    """

    def write(rows: DataFrame, batch: MicroBatch) -> Counts:
        promotions.to_bronze_table(to_bronze(rows, at=batch.began), BATCH, batch)
        written = delta.rows_of_last_write(spark, BATCH.bronze, warehouse=batch.warehouse)
        return Counts(read=written, written=written)

    if not filesystem.names(spark, warehouse.landing):
        return Counts()
    source = records.read_landing(spark, folder=warehouse.landing, files_per_batch=_LANDING_OBJECTS)
    counts = _drain(source, write, warehouse, targets=(BATCH.bronze,))
    publish(spark, [BATCH.bronze], warehouse=warehouse.tables, gates=GateLog())
    return counts


def silver(spark: SparkSession, warehouse: Warehouse, *, text_policy: TextPolicy) -> Counts:
    """Merge the pins in new bronze rows into silver.pins_batch; what is no pin goes to quarantine."""
    log = GateLog()
    counts = promote_to_silver(spark, warehouse, text_policy=text_policy, log=log)
    publish(spark, [BATCH.silver], warehouse=warehouse.tables, gates=log)
    return counts


def promote_to_silver(
    spark: SparkSession, warehouse: Warehouse, *, text_policy: TextPolicy, log: GateLog
) -> Counts:
    """Do the same without judging or publishing what silver is then; `log` takes what the gate counts."""
    gate = gates.open_gate(spark, BATCH.silver)

    def write(rows: DataFrame, batch: MicroBatch) -> Counts:
        judged = to_judged(rows, gate, text_policy=text_policy, at=batch.began).persist()
        try:
            counted = gates.count(judged, gate, parsing=RULES)
            log.add(counted)
            writes = promotions.silver_writes(to_silver(judged), counted, BATCH, batch)
            side_by_side.run(spark, list(writes))
            return counted.counts
        finally:
            judged.unpersist()

    source = _new_rows(spark, BATCH.bronze, warehouse)
    return _drain(source, write, warehouse, targets=(BATCH.silver, BATCH.quarantine))


def gold(spark: SparkSession, warehouse: Warehouse) -> Counts:
    """Merge changed silver rows into gold.pin_features_batch, renew the touched days of category_daily.

    Silver that has not been published is judged first: gold does not read what readers must not see.
    """
    gate, log = gates.open_gate(spark, BATCH.features), GateLog()

    def write(rows: DataFrame, batch: MicroBatch) -> Counts:
        changes = rows.persist()
        try:
            days = [
                row.day for row in changes.select(F.to_date("event_time").alias("day")).distinct().collect()
            ]
            if not days:
                return Counts()
            upserts = newest_per_pin(changes.where("_change_type IN ('insert', 'update_postimage')"))
            judged = gates.count(to_judged_features(upserts, gate), gate)
            log.add(judged)
            silver_table = delta.read(spark, BATCH.silver, warehouse=batch.warehouse)
            writes = [
                *promotions.features_writes(judged, BATCH, batch),
                lambda: promotions.to_category_daily_table(silver_table, days, batch),
            ]
            side_by_side.run(spark, writes)
            return judged.counts
        finally:
            changes.unpersist()

    source = _new_rows(spark, BATCH.silver, warehouse)
    publish(spark, [BATCH.silver], warehouse=warehouse.tables, gates=GateLog())
    counts = _drain(source, write, warehouse, targets=(BATCH.features, CATEGORY_DAILY, BATCH.quarantine))
    publish(spark, [BATCH.features], warehouse=warehouse.tables, gates=log)
    return counts


def _new_rows(spark: SparkSession, table: Table, warehouse: Warehouse) -> DataFrame:
    """A stream of a table's rows, or of its row changes where it records them."""
    delta.ensure(spark, table, warehouse=warehouse.tables)
    reader = spark.readStream.format("delta").option("maxBytesPerTrigger", _DELTA_BYTES)
    if table.change_feed:
        reader = reader.option("readChangeFeed", "true")
    else:
        # Rows are only ever appended, but for those of erased pins, which are removed: nothing new in that.
        reader = reader.option("skipChangeCommits", "true")
    return reader.load(table.path(warehouse.tables))


def _drain(source: DataFrame, write: Write, warehouse: Warehouse, *, targets: tuple[Table, ...]) -> Counts:
    for table in targets:
        delta.ensure(source.sparkSession, table, warehouse=warehouse.tables)
    checkpoint = warehouse.checkpoint(targets[0].full_name)
    run = receipt.begin(lane=BATCH.name, step=targets[0].layer)
    return MicroBatches(source, write, checkpoint=checkpoint, warehouse=warehouse.tables, run=run).drain()
