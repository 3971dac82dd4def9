"""The cost of the quality gate and of a table's audit, relative to a promotion without rules."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.report import Figure
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.quality import gate as gates
from lakehouse.quality.audit import AuditTarget, audit
from lakehouse.quality.gate import Gate
from lakehouse.silver.parsing import RULES
from lakehouse.silver.transform import check_records, to_silver

GATE_AIM, SUITE_AIM, MICRO_BATCH_AIM = 15.0, 25.0, 0.5
MICRO_BATCH_ROWS = 1_000
MICRO_BATCHES = 5
NOW = datetime.now(UTC)


def measure(spark: SparkSession, settings: Settings, *, rows: int) -> list[Figure]:
    """Promote bronze rows to new silver tables with and without rules, and audit one.

    Args:
        spark: a session that has promoted before, so that the first measured promotion is not a cold one.
        settings: of the stack; bronze.pins_batch must hold the rows.
        rows: number of bronze rows.
    """
    benchmark = _GateBenchmark(spark, settings)
    gate = gates.open_gate(spark, BATCH.silver)
    gate_without_rules = Gate(gate.table, replace(gate.suite, rules=()), {})
    bronze = benchmark.read_bronze(rows)
    benchmark.promote(bronze, gate_without_rules)
    seconds_without_rules, table = benchmark.promote(bronze, gate_without_rules)
    seconds_with_rules, table = benchmark.promote(bronze, gate)
    audit_seconds, jobs = benchmark.audit(table)
    micro_batch = benchmark.read_bronze(MICRO_BATCH_ROWS).persist()
    extra_seconds = benchmark.time_gate(micro_batch, gate) - benchmark.time_gate(
        micro_batch, gate_without_rules
    )
    micro_batch.unpersist()
    baseline = f"of a promotion of {bronze.count():,} pins ({seconds_without_rules:.1f} s without rules)"
    return [
        Figure(
            f"gate, share {baseline}",
            100 * (seconds_with_rules - seconds_without_rules) / seconds_without_rules,
            "%",
            GATE_AIM,
        ),
        Figure(
            f"table suite, {jobs} jobs, share {baseline}",
            100 * audit_seconds / seconds_without_rules,
            "%",
            SUITE_AIM,
        ),
        Figure(f"gate, extra time for {MICRO_BATCH_ROWS:,} rows", extra_seconds, "s", MICRO_BATCH_AIM),
    ]


class _GateBenchmark:
    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        self._lake = DeltaLake.of(spark, settings)
        self._partitions = settings.kafka.partitions

    def read_bronze(self, rows: int) -> DataFrame:
        """Return about this many rows of bronze; a limit would put them all into one partition."""
        records = self._lake.read(BATCH.bronze)
        return records.where(F.col("offset") < rows // self._partitions)

    def promote(self, bronze: DataFrame, gate: Gate) -> tuple[float, Table]:
        """Promote to a new table; return the seconds and the table."""
        table = replace(BATCH.silver, layer="benchmarks", name=f"silver_{uuid.uuid4().hex}")
        self._lake.ensure(table)
        started = time.perf_counter()
        checked = check_records(bronze, gate, text_policy="unicode", at=NOW).persist()
        gates.count_violations(checked, gate, parsing=RULES)
        self._lake.merge_newest(to_silver(checked), table, MicroBatch("benchmarks", 0))
        checked.unpersist()
        return time.perf_counter() - started, table

    def audit(self, table: Table) -> tuple[float, int]:
        """Audit a table; return the seconds and the number of Spark jobs."""
        version = self._lake.version(table)
        self._spark.sparkContext.setJobGroup(table.name, "audit")
        started = time.perf_counter()
        audit(self._lake, AuditTarget(table, version), run_id="benchmarks")
        seconds = time.perf_counter() - started
        jobs = self._spark.sparkContext.statusTracker().getJobIdsForGroup(table.name)
        return seconds, len(jobs)

    def time_gate(self, bronze: DataFrame, gate: Gate) -> float:
        """Return the seconds of the fastest of a few passes over a micro-batch."""
        passes = []
        for _ in range(MICRO_BATCHES):
            started = time.perf_counter()
            gates.count_violations(
                check_records(bronze, gate, text_policy="unicode", at=NOW), gate, parsing=RULES
            )
            passes.append(time.perf_counter() - started)
        return min(passes)
