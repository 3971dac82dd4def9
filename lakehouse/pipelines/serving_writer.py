"""The write of a micro-batch of the serving query into Postgres."""

from __future__ import annotations

import structlog
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from foundation.offsets import Positions
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.schemas import SILVER
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import MicroBatch
from lakehouse.delta.metrics import StepMetrics
from lakehouse.gold.pin_features import check_features, to_features
from lakehouse.quality import gate as gates
from lakehouse.serving.postgres import ServingDatabase, to_lines
from lakehouse.silver.deduplication import latest_event_per_pin
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records

log = structlog.get_logger()


class ServingBatchWriter:
    """Parses, cleans and checks each micro-batch and sends the features of its pins to Postgres.

    Args:
        spark: the session that compiles the gates.
        serving: Postgres.
        text_policy: see `lakehouse.silver.cleaning`.

    Raises:
        TerminalError: a suite is invalid.
    """

    def __init__(self, spark: SparkSession, serving: ServingDatabase, *, text_policy: TextPolicy) -> None:
        self._serving = serving
        self._text_policy = text_policy
        self._silver_gate = gates.open_gate(spark, STREAM.silver)
        self._features_gate = gates.open_gate(spark, STREAM.features)

    def write(self, rows: DataFrame, batch: MicroBatch, *, position: Positions) -> StepMetrics:
        """Write a micro-batch; writing it again changes nothing. One job.

        Both gates judge every event before the newest of each pin is chosen: so Postgres ends with the newest
        row of the history, and a newer event that a gate refuses hides no older one. What a gate refuses is
        left out and only counted: the table query keeps it, with its reasons.

        Args:
            rows: the records: see `lakehouse.bronze.sources`.
            batch: the micro-batch.
            position: the offset to be read after it, by topic and partition.

        Raises:
            TransientError: Postgres does not answer.
        """
        records, events = Observation(), Observation()
        is_refused = F.size("reasons") > 0
        checked = check_records(
            to_bronze(rows, at=batch.began), self._silver_gate, text_policy=self._text_policy, at=batch.began
        ).observe(records, F.count(F.lit(1)).alias("read"), F.count_if(is_refused).alias("refused"))
        silver = gates.valid_rows(checked).select(*SILVER.fieldNames())
        judged = check_features(silver, self._features_gate).observe(
            events, F.count_if(is_refused).alias("refused")
        )
        newest = latest_event_per_pin(gates.valid_rows(judged))
        # The settings limit a micro-batch, and a line has some hundred bytes. Postgres may have to be asked
        # more than once; Kafka is read once.
        lines = [row.line for row in to_lines(to_features(newest)).collect()]
        refused = records.get["refused"] + events.get["refused"]
        counts = StepMetrics(read=records.get["read"], written=len(lines), quarantined=refused)
        load = batch.with_passed(counts.read - refused).for_step(Step.SERVING, counts)
        self._serving.load(lines, load, position=position)
        if refused:
            log.info("refused records are not served", load=batch.number, count=refused)
        return counts
