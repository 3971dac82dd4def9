"""The stream lane: a micro-batch leaves Kafka once and is written to every layer and Postgres."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame, SparkSession

from lakehouse import delta, promotions, side_by_side
from lakehouse.bronze import records
from lakehouse.bronze.transform import to_bronze
from lakehouse.counts import Counts
from lakehouse.delta import MicroBatch
from lakehouse.gold.features import to_features, to_judged_features
from lakehouse.micro_batches import MicroBatches
from lakehouse.quality import gate as gates
from lakehouse.quality.results import GateLog
from lakehouse.serving import Serving
from lakehouse.silver.parsing import RULES
from lakehouse.silver.transform import to_judged, to_silver
from lakehouse.tables import STREAM
from lakehouse.warehouse import Warehouse
from pinlake.settings import Settings


def open_stream(spark: SparkSession, warehouse: Warehouse, settings: Settings) -> MicroBatches:
    """Return the lane, ready to be drained or followed; its tables exist afterwards.

    Raises:
        TransientError: Postgres does not answer.
    """
    silver_gate, features_gate = (
        gates.open_gate(spark, STREAM.silver),
        gates.open_gate(spark, STREAM.features),
    )
    log = GateLog()
    serving = Serving(settings.postgres)
    serving.ensure()
    for table in STREAM.tables:
        delta.ensure(spark, table, warehouse=warehouse.tables)

    def write(rows: DataFrame, batch: MicroBatch) -> Counts:
        bronze = rows.transform(to_bronze)
        judged = to_judged(bronze, silver_gate, text_policy=settings.text_policy).persist()
        silver = to_silver(judged).persist()
        features = to_judged_features(silver, features_gate)
        try:
            found = gates.tally(judged, silver_gate, parsing=RULES)
            log.add(silver_gate, found)
            counts, refused_by_gold = found.counts, 0
            writes: list[Callable[[], None]] = []
            if counts.written:
                of_gold = gates.tally(features, features_gate)
                log.add(features_gate, of_gold)
                refused_by_gold = of_gold.counts.quarantined
                good = gates.passed(features)
                writes = [
                    # First, because somebody waits for it.
                    lambda: serving.upsert(to_features(good)),
                    lambda: promotions.to_silver_table(silver, STREAM, batch),
                    lambda: promotions.to_features_table(good, STREAM, batch),
                ]
            if counts.read:
                writes.append(lambda: promotions.to_bronze_table(judged, STREAM, batch))
            if counts.quarantined:
                stopped = gates.refused(judged, silver_gate, parsing=RULES)
                writes.append(lambda: promotions.to_quarantine_table(stopped, STREAM, batch, layer="silver"))
            if refused_by_gold:
                held = gates.refused(features, features_gate)
                writes.append(lambda: promotions.to_quarantine_table(held, STREAM, batch, layer="gold"))
            side_by_side.run(spark, writes)
            return counts
        finally:
            silver.unpersist()
            judged.unpersist()

    source = records.read_kafka(
        spark, settings.kafka, offsets_per_batch=settings.stream.max_offsets_per_trigger
    )
    return MicroBatches(source, write, checkpoint=warehouse.checkpoint("stream"), warehouse=warehouse.tables)
