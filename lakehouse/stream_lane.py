"""The stream lane: a micro-batch leaves Kafka once and is written to every layer and Postgres."""

from __future__ import annotations

import threading
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
from lakehouse.quality.watch import Watch
from lakehouse.serving import Serving
from lakehouse.silver.parsing import RULES
from lakehouse.silver.transform import to_judged, to_silver
from lakehouse.tables import STREAM
from lakehouse.warehouse import Warehouse
from pinlake.settings import Settings


class StreamLane:
    """The lane with its audit beside it.

    Args:
        batches: the query.
        watch: its audit.
    """

    def __init__(self, batches: MicroBatches, watch: Watch) -> None:
        self._batches = batches
        self._watch = watch

    def drain(self) -> Counts:
        """Write what is there now, then audit it.

        Raises: as `MicroBatches.drain`.
        """
        counts = self._batches.drain()
        self._watch.look()
        return counts

    def follow(self, *, trigger_seconds: float, stop: threading.Event) -> Counts:
        """Write what comes until `stop` is set, audited at intervals.

        Raises: as `drain`.
        """
        with self._watch:
            return self._batches.follow(trigger_seconds=trigger_seconds, stop=stop)


def open_stream(spark: SparkSession, warehouse: Warehouse, settings: Settings) -> StreamLane:
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
        good = gates.passed(features)
        try:
            # Alone and first, because somebody waits for it; what it computes the others reuse.
            serving.upsert(to_features(good))
            found = gates.tally(judged, silver_gate, parsing=RULES)
            of_gold = gates.tally(features, features_gate)
            log.add(silver_gate, found)
            log.add(features_gate, of_gold)
            counts = found.counts
            writes: list[Callable[[], None]] = []
            if counts.read:
                writes.append(lambda: promotions.to_bronze_table(judged, STREAM, batch))
            if counts.written:
                writes += [
                    lambda: promotions.to_silver_table(silver, STREAM, batch),
                    lambda: promotions.to_features_table(good, STREAM, batch),
                ]
            if counts.quarantined:
                stopped = gates.refused(judged, silver_gate, parsing=RULES)
                writes.append(lambda: promotions.to_quarantine_table(stopped, STREAM, batch, layer="silver"))
            if of_gold.counts.quarantined:
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
    checkpoint, tables = warehouse.checkpoint("stream"), warehouse.tables
    watch = Watch(spark, warehouse=tables, gates=log, seconds=settings.quality.audit_seconds)
    return StreamLane(MicroBatches(source, write, checkpoint=checkpoint, warehouse=tables), watch)
