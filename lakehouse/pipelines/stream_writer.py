"""The write of a micro-batch of the table query into every layer of the stream lane."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.schemas import SILVER
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.appends import EventIds, collect_event_ids
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.gold.pin_features import check_features
from lakehouse.pipelines.table_writes import HistoryWriter, TableWrite
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import GateResult
from lakehouse.quality.results import GateStats
from lakehouse.silver.deduplication import drop_repeats
from lakehouse.silver.parsing import RULES
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records
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

        Three jobs check and count it; then the tables are written concurrently, by jobs that reuse the cached
        rows.
        """
        bronze = to_bronze(rows, at=batch.began)
        checked = check_records(
            bronze, self._silver_gate, text_policy=self._text_policy, at=batch.began
        ).persist()
        silver = gates.valid_rows(checked).select(*SILVER.fieldNames())
        try:
            silver_result = gates.count_violations(checked, self._silver_gate, parsing=RULES)
            # Repeats are judged too: so the counts do not depend on where a micro-batch ends.
            features_result = gates.count_violations(
                check_features(silver, self._features_gate), self._features_gate
            )
            self._stats.add(silver_result)
            self._stats.add(features_result)
            run_concurrently(self._writes(checked, silver, (silver_result, features_result), batch))
            return silver_result.counts
        finally:
            checked.unpersist()

    def _writes(
        self, checked: DataFrame, silver: DataFrame, results: tuple[GateResult, GateResult], batch: MicroBatch
    ) -> list[TableWrite]:
        """Return the writes of a micro-batch whose rows both gates have checked."""
        silver_result, features_result = results
        batch = batch.with_passed(features_result.counts.written)
        read = silver_result.counts.read
        ids = collect_event_ids(silver) if silver_result.counts.written else EventIds((), repeated=False)
        writer = HistoryWriter(self._lake, STREAM, ids)
        valid = gates.valid_rows(features_result.rows)
        events, featured = (drop_repeats(rows) if ids.repeated else rows for rows in (silver, valid))
        writes = [
            *writer.silver_writes(_in_files(events, read), silver_result, batch),
            *writer.features_writes(_in_files(featured, read), features_result, batch),
        ]
        if read:
            writes.append(lambda: writer.append_bronze(_in_files(checked, read), batch))
        return writes


def _in_files(rows: DataFrame, count: int) -> DataFrame:
    """Return the rows in few partitions: there would be a file for each of Kafka's every few seconds."""
    return rows.coalesce(1) if count <= _ROWS_PER_FILE else rows
