"""The write of a micro-batch of the table query into every layer of the stream lane."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.delta.metrics import StepMetrics
from lakehouse.gold.pin_features import check_features
from lakehouse.pipelines.table_writes import LaneWriter
from lakehouse.quality import gate as gates
from lakehouse.quality.results import GateStats
from lakehouse.silver.parsing import RULES
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records, to_silver
from lakehouse.spark.parallel import run_concurrently

# About 15 MB of pins, which one core writes in a second.
_ROWS_PER_FILE = 20_000


class StreamBatchWriter:
    """Parses, cleans and checks each micro-batch once and writes it to all tables.

    Args:
        lake: the lakehouse.
        text_policy: see `lakehouse.silver.cleaning`.
        stats: receives the counts of the gates.

    Raises:
        TerminalError: a suite is invalid.
    """

    def __init__(self, lake: DeltaLake, *, text_policy: TextPolicy, stats: GateStats) -> None:
        self._lake = lake
        self._writer = LaneWriter(lake, STREAM)
        self._text_policy = text_policy
        self._stats = stats
        self._silver_gate = gates.open_gate(lake.spark, STREAM.silver)
        self._features_gate = gates.open_gate(lake.spark, STREAM.features)

    def ensure(self) -> None:
        """Create the tables of the lane where they are missing."""
        for table in STREAM.tables:
            self._lake.ensure(table)

    def write(self, rows: DataFrame, batch: MicroBatch) -> StepMetrics:
        """Write a micro-batch; writing it again changes nothing.

        Two jobs check and count it; then the tables are written concurrently, by jobs that reuse the cached
        rows.
        """
        bronze = to_bronze(rows, at=batch.began)
        checked = check_records(
            bronze, self._silver_gate, text_policy=self._text_policy, at=batch.began
        ).persist()
        silver = to_silver(checked).persist()
        features = check_features(silver, self._features_gate)
        try:
            silver_result = gates.count_violations(checked, self._silver_gate, parsing=RULES)
            features_result = gates.count_violations(features, self._features_gate)
            self._stats.add(silver_result)
            self._stats.add(features_result)
            writes = [
                *self._writer.silver_writes(silver, silver_result, batch),
                *self._writer.features_writes(features_result, batch),
            ]
            if read := silver_result.counts.read:
                # Otherwise there would be a file per Kafka partition every few seconds.
                records = checked.coalesce(1) if read <= _ROWS_PER_FILE else checked
                writes.append(lambda: self._writer.append_bronze(records, batch))
            run_concurrently(writes)
            return silver_result.counts
        finally:
            silver.unpersist()
            checked.unpersist()
