"""One micro-batch of the stream lane, on its way into every layer and Postgres."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.delta.metrics import StepMetrics
from lakehouse.gold.pin_features import check_features, to_features
from lakehouse.pipelines.table_writes import LaneWriter
from lakehouse.quality import gate as gates
from lakehouse.quality.results import GateStats
from lakehouse.serving.postgres import ServingDatabase
from lakehouse.silver.parsing import RULES
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records, to_silver
from lakehouse.spark.parallel import run_concurrently

# Some 15 MB of pins, which one core writes in a second.
_ROWS_OF_ONE_FILE = 20_000


class StreamBatchWriter:
    """Parses, cleans and judges a micro-batch once, and writes it everywhere.

    Args:
        lake: the lakehouse.
        serving: Postgres.
        text_policy: see `lakehouse.silver.cleaning`.
        log: takes what the gates count.

    Raises:
        TerminalError: a suite is not usable.
    """

    def __init__(
        self, lake: DeltaLake, serving: ServingDatabase, *, text_policy: TextPolicy, log: GateStats
    ) -> None:
        self._lake = lake
        self._writer = LaneWriter(lake, STREAM)
        self._serving = serving
        self._text_policy = text_policy
        self._log = log
        self._silver_gate = gates.open_gate(lake.spark, STREAM.silver)
        self._features_gate = gates.open_gate(lake.spark, STREAM.features)

    def ensure(self) -> None:
        """Create what it writes to where that is absent.

        Raises:
            TransientError: Postgres does not answer.
        """
        self._serving.ensure()
        for table in STREAM.tables:
            self._lake.ensure(table)

    def write(self, rows: DataFrame, batch: MicroBatch) -> StepMetrics:
        """Write a micro-batch; a repeated one changes nothing.

        Two jobs judge it and count, one sends it to Postgres; then each table is written by jobs of its own,
        side by side, from what the first ones have cached.

        Raises:
            TransientError: Postgres does not answer.
        """
        bronze = to_bronze(rows, at=batch.began)
        judged = check_records(
            bronze, self._silver_gate, text_policy=self._text_policy, at=batch.began
        ).persist()
        silver = to_silver(judged).persist()
        features = check_features(silver, self._features_gate)
        try:
            # Alone and first, because users wait for it; the others reuse what it computes.
            self._serving.upsert(to_features(gates.valid_rows(features)), batch.for_step(Step.SERVING))
            of_silver = gates.count_violations(judged, self._silver_gate, parsing=RULES)
            of_gold = gates.count_violations(features, self._features_gate)
            self._log.add(of_silver)
            self._log.add(of_gold)
            writes = [
                *self._writer.silver_writes(silver, of_silver, batch),
                *self._writer.features_writes(of_gold, batch),
            ]
            if read := of_silver.counts.read:
                # Not a file for each of Kafka's partitions, every few seconds.
                few = judged.coalesce(1) if read <= _ROWS_OF_ONE_FILE else judged
                writes.append(lambda: self._writer.append_bronze(few, batch))
            run_concurrently(writes)
            return of_silver.counts
        finally:
            silver.unpersist()
            judged.unpersist()
