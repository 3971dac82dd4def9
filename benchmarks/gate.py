"""The cost of the quality gate and of a table's audit, relative to a promotion without rules."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.handwritten.steps import HandwrittenProcess
from benchmarks.report import Figure, Pair
from benchmarks.turns import take_turns
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH
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


@dataclass(frozen=True)
class GateCosts:
    """The figures of gate and audit, and the promotion beside that of the hand-written pipeline."""

    figures: list[Figure]
    promotion: Pair


def measure(
    spark: SparkSession, settings: Settings, by_hand: HandwrittenProcess, *, rows: int, rounds: int
) -> GateCosts:
    """Promote bronze rows to new silver tables, without rules, with them and by hand in turns, and audit one.

    Args:
        spark: the session.
        settings: of the stack; bronze.pins_batch must hold the rows.
        by_hand: the hand-written pipeline.
        rows: number of bronze rows.
        rounds: number of promotions of each kind, after one of a tenth of the rows that is not counted.
    """
    benchmark = _GateBenchmark(spark, settings, by_hand)
    take_turns(benchmark.promotions(rows // 10), rounds=1)
    seconds = take_turns(benchmark.promotions(rows), rounds=rounds)
    audit_seconds, jobs = benchmark.audit()
    without, ours = seconds["without rules"], seconds["with rules"]
    count = benchmark.read_bronze(rows).count()
    typical = statistics.median(without)
    baseline = f"of a promotion of {count:,} pins ({typical:.1f} s without rules)"
    shares = tuple(100 * (slow - fast) / fast for slow, fast in zip(ours, without, strict=True))
    share = 100 * (statistics.median(ours) - typical) / typical
    extra_seconds = benchmark.time_micro_batches()
    return GateCosts(
        [
            Figure(f"gate, share {baseline}", share, "%", GATE_AIM, runs=shares),
            Figure(
                f"table suite, {jobs} jobs, share {baseline}", 100 * audit_seconds / typical, "%", SUITE_AIM
            ),
            Figure(f"gate, extra time for {MICRO_BATCH_ROWS:,} rows", extra_seconds, "s", MICRO_BATCH_AIM),
        ],
        Pair("silver from bronze", count, ours, seconds["by hand"]),
    )


class _GateBenchmark:
    def __init__(self, spark: SparkSession, settings: Settings, by_hand: HandwrittenProcess) -> None:
        self._spark = spark
        self._lake = DeltaLake.of(spark, settings)
        self._by_hand = by_hand
        self._partitions = settings.kafka.partitions
        self._gate = gates.open_gate(spark, BATCH.silver)
        self._gate_without_rules = Gate(self._gate.table, replace(self._gate.suite, rules=()), {})
        self._table = BATCH.silver

    def promotions(self, rows: int) -> dict[str, Callable[[], float]]:
        """Return the three promotions; each returns its seconds."""
        bronze = self.read_bronze(rows)
        return {
            "without rules": lambda: self._promote(bronze, self._gate_without_rules),
            "with rules": lambda: self._promote(bronze, self._gate),
            "by hand": lambda: self._by_hand.promote(self._offset(rows)),
        }

    def read_bronze(self, rows: int) -> DataFrame:
        """Return about this many rows of bronze; a limit would put them all into one partition."""
        return self._lake.read(BATCH.bronze).where(F.col("offset") < self._offset(rows))

    def audit(self) -> tuple[float, int]:
        """Audit the table of the last promotion; return the seconds and the number of Spark jobs."""
        version = self._lake.version(self._table)
        self._spark.sparkContext.setJobGroup(self._table.name, "audit")
        started = time.perf_counter()
        audit(self._lake, AuditTarget(self._table, version), run_id="benchmarks")
        seconds = time.perf_counter() - started
        jobs = self._spark.sparkContext.statusTracker().getJobIdsForGroup(self._table.name)
        return seconds, len(jobs)

    def time_micro_batches(self) -> float:
        """Return how many seconds more the fastest of a few passes over a micro-batch takes with rules."""
        rows = self.read_bronze(MICRO_BATCH_ROWS).persist()
        passes = {
            "without rules": lambda: self._time_gate(rows, self._gate_without_rules),
            "with rules": lambda: self._time_gate(rows, self._gate),
        }
        seconds = take_turns(passes, rounds=MICRO_BATCHES)
        rows.unpersist()
        return min(seconds["with rules"]) - min(seconds["without rules"])

    def _offset(self, rows: int) -> int:
        return rows // self._partitions

    def _promote(self, bronze: DataFrame, gate: Gate) -> float:
        """Promote to a new table; return the seconds."""
        self._table = replace(BATCH.silver, layer="benchmarks", name=f"silver_{uuid.uuid4().hex}")
        self._lake.ensure(self._table)
        started = time.perf_counter()
        checked = check_records(bronze, gate, text_policy="unicode", at=NOW).persist()
        gates.count_violations(checked, gate, parsing=RULES)
        self._lake.merge_newest(to_silver(checked), self._table, MicroBatch("benchmarks", 0))
        checked.unpersist()
        return time.perf_counter() - started

    @staticmethod
    def _time_gate(bronze: DataFrame, gate: Gate) -> float:
        started = time.perf_counter()
        checked = check_records(bronze, gate, text_policy="unicode", at=NOW)
        gates.count_violations(checked, gate, parsing=RULES)
        return time.perf_counter() - started
