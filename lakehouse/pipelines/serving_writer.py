"""The write of a micro-batch of the serving query into Postgres."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.offsets import Positions
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.commit_info import Step
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.gold.pin_features import check_features
from lakehouse.quality import gate as gates
from lakehouse.serving.postgres import ServingDatabase, csv_line
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records

log = structlog.get_logger()


class ServingBatchWriter:
    """Parses, cleans and checks records, and sends the features of those that pass to Postgres.

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

    def to_lines(self, records: DataFrame) -> DataFrame:
        """Return one row per record, in order: `line`, its features as Postgres copies them.

        The line is null if a gate refuses the record. This is a projection without a shuffle, so that it can
        be part of a streaming query, which is analysed once and not for every micro-batch.

        Args:
            records: see `lakehouse.bronze.sources`.
        """
        unused = datetime.now(UTC)  # the features have no column with the time of the write
        checked = check_records(
            to_bronze(records, at=unused), self._silver_gate, text_policy=self._text_policy, at=unused
        ).withColumn("_is_valid", F.size("reasons") == 0)
        passes = F.col("_is_valid") & (F.size("reasons") == 0)
        features = check_features(checked, self._features_gate)
        return features.select(F.when(passes, csv_line()).alias("line"))

    def write(self, lines: DataFrame, batch: MicroBatch, *, position: Positions) -> StepMetrics:
        """Write a micro-batch; writing it again changes nothing. One job.

        Both gates judge every event before Postgres chooses the newest of each pin, so that a newer event
        that a gate refuses hides no older one. What a gate refuses is left out and only counted: the table
        query keeps it, with its reasons.

        Args:
            lines: see `to_lines`.
            batch: the micro-batch.
            position: the offset to be read after it, by topic and partition.

        Raises:
            TransientError: Postgres does not answer.
        """
        # The settings limit a micro-batch, and a line has some hundred bytes. Postgres may have to be asked
        # more than once; Kafka is read once.
        rows = lines.collect()
        valid = [row.line for row in rows if row.line is not None]
        refused = len(rows) - len(valid)
        counts = StepMetrics(read=len(rows), written=len(valid), quarantined=refused)
        load = batch.with_passed(len(valid)).for_step(Step.SERVING, counts)
        self._serving.load(valid, load, position=position)
        if refused:
            log.info("refused records are not served", load=batch.number, count=refused)
        return counts
