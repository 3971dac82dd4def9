"""The stream lane: a micro-batch leaves Kafka once and is written to every layer and Postgres."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame, SparkSession

from lakehouse import delta, promotions, side_by_side
from lakehouse.bronze import records
from lakehouse.bronze.transform import to_bronze
from lakehouse.counts import Counts
from lakehouse.delta import MicroBatch
from lakehouse.gold.features import to_features
from lakehouse.micro_batches import MicroBatches
from lakehouse.serving import Serving
from lakehouse.silver.parsing import parse, readable, refused, tally
from lakehouse.silver.transform import to_silver
from lakehouse.tables import STREAM
from lakehouse.warehouse import Warehouse
from pinlake.settings import Settings


def open_stream(spark: SparkSession, warehouse: Warehouse, settings: Settings) -> MicroBatches:
    """Return the lane, ready to be drained or followed; its tables exist afterwards.

    Raises:
        TransientError: Postgres does not answer.
    """
    serving = Serving(settings.postgres)
    serving.ensure()
    for table in STREAM.tables:
        delta.ensure(spark, table, warehouse=warehouse.tables)

    def write(rows: DataFrame, batch: MicroBatch) -> Counts:
        parsed = rows.transform(to_bronze).transform(parse).persist()
        silver = to_silver(readable(parsed), text_policy=settings.text_policy).persist()
        try:
            counts = tally(parsed)
            writes: list[Callable[[], None]] = []
            if counts.written:
                writes = [
                    # First, because somebody waits for it.
                    lambda: serving.upsert(to_features(silver)),
                    lambda: promotions.to_silver_table(silver, STREAM, batch),
                    lambda: promotions.to_features_table(silver, STREAM, batch),
                ]
            if counts.read:
                writes.append(lambda: promotions.to_bronze_table(parsed, STREAM, batch))
            if counts.quarantined:
                writes.append(
                    lambda: promotions.to_quarantine_table(refused(parsed), STREAM, batch, layer="silver")
                )
            side_by_side.run(spark, writes)
            return counts
        finally:
            silver.unpersist()
            parsed.unpersist()

    source = records.read_kafka(
        spark, settings.kafka, offsets_per_batch=settings.stream.max_offsets_per_trigger
    )
    return MicroBatches(source, write, checkpoint=warehouse.checkpoint("stream"), warehouse=warehouse.tables)
