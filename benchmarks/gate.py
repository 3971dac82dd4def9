"""What the quality gate and a table's audit cost beside a promotion without any rule."""

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
from lakehouse.delta.lake import DeltaLake, MicroBatch
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
        spark: a session that has promoted before, so that the first measured is not the cold one.
        settings: of the stack; bronze.pins_batch must hold the rows.
        rows: how many.
    """
    bench = _Bench(spark, settings)
    ruled = gates.open_gate(spark, BATCH.silver)
    bare = Gate(ruled.table, replace(ruled.suite, rules=()), {})
    bronze = bench.bronze(rows)
    bench.promote(bronze, bare)
    without, table = bench.promote(bronze, bare)
    with_rules, table = bench.promote(bronze, ruled)
    audited, jobs = bench.audit(table)
    small = bench.bronze(MICRO_BATCH_ROWS).persist()
    extra = bench.judge(small, ruled) - bench.judge(small, bare)
    small.unpersist()
    of = f"of a promotion of {bronze.count():,} pins ({without:.1f} s without rules)"
    return [
        Figure(f"gate, share {of}", 100 * (with_rules - without) / without, "%", GATE_AIM),
        Figure(f"table suite, {jobs} jobs, share {of}", 100 * audited / without, "%", SUITE_AIM),
        Figure(f"gate, extra for {MICRO_BATCH_ROWS:,} rows", extra, "s", MICRO_BATCH_AIM),
    ]


class _Bench:
    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        self._lake = DeltaLake.of(spark, settings)
        self._partitions = settings.kafka.partitions

    def bronze(self, rows: int) -> DataFrame:
        """Return about so many rows; a limit would bring them all into one partition."""
        found = self._lake.read(BATCH.bronze)
        return found.where(F.col("offset") < rows // self._partitions)

    def promote(self, bronze: DataFrame, gate: Gate) -> tuple[float, Table]:
        """Return the seconds, and the new table."""
        table = replace(BATCH.silver, layer="benchmarks", name=f"silver_{uuid.uuid4().hex}")
        self._lake.ensure(table)
        started = time.perf_counter()
        judged = check_records(bronze, gate, text_policy="unicode", at=NOW).persist()
        gates.count_violations(judged, gate, parsing=RULES)
        self._lake.merge_newest(to_silver(judged), table, MicroBatch("benchmarks", 0))
        judged.unpersist()
        return time.perf_counter() - started, table

    def audit(self, table: Table) -> tuple[float, int]:
        """Return the seconds and the jobs of an audit."""
        version = self._lake.version(table)
        self._spark.sparkContext.setJobGroup(table.name, "audit")
        started = time.perf_counter()
        audit(self._lake, AuditTarget(table, version), run_id="benchmarks")
        seconds = time.perf_counter() - started
        jobs = self._spark.sparkContext.statusTracker().getJobIdsForGroup(table.name)
        return seconds, len(jobs)

    def judge(self, bronze: DataFrame, gate: Gate) -> float:
        """Return the seconds of the quickest of a few passes over a micro-batch."""
        passes = []
        for _ in range(MICRO_BATCHES):
            started = time.perf_counter()
            gates.count_violations(
                check_records(bronze, gate, text_policy="unicode", at=NOW), gate, parsing=RULES
            )
            passes.append(time.perf_counter() - started)
        return min(passes)
