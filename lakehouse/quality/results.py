"""What validations found, kept in quality.results."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from lakehouse import delta
from lakehouse.counts import Counts
from lakehouse.delta import MicroBatch
from lakehouse.quality.gate import Gate, Tally
from lakehouse.quality.rules import Rule
from lakehouse.tables import QUALITY_RESULTS, RESULTS, Table
from pinlake.event import new_event_id


@dataclass(frozen=True)
class Result:
    """One row of quality.results: see lakehouse.tables.RESULTS."""

    run_id: str
    lane: str
    layer: str
    table: str
    version: int | None
    rule: str
    severity: str
    kind: str
    evaluated: int
    unexpected: int | None
    observed: str | None
    success: bool
    seconds: float
    suite: str
    at: datetime

    @property
    def failed_critically(self) -> bool:
        """Whether a critical rule does not hold."""
        return not self.success and self.severity == "critical"


class GateLog:
    """Adds up what a lane's gates have counted until somebody takes it. Threads may share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, str], tuple[Gate, Rule, int, int]] = {}
        self._counts = Counts()

    def add(self, gate: Gate, tally: Tally) -> None:
        """Add one pass."""
        with self._lock:
            if gate.table.layer == "silver":
                self._counts += tally.counts
            for count in tally.rules:
                key = (gate.table.full_name, count.rule.id)
                _, _, evaluated, unexpected = self._sums.get(key, (gate, count.rule, 0, 0))
                sums = (evaluated + count.evaluated, unexpected + count.unexpected)
                self._sums[key] = (gate, count.rule, *sums)

    def take(self, *, run_id: str, lane: str) -> tuple[list[Result], Counts]:
        """Return the results since the last call, and what silver's gate read and refused; begin anew."""
        with self._lock:
            sums, self._sums = self._sums, {}
            counts, self._counts = self._counts, Counts()
        now = datetime.now(UTC)
        results = [
            Result(
                run_id, lane, gate.table.layer, gate.table.full_name, None, rule.id, rule.severity, "row",
                evaluated, unexpected, None, unexpected == 0, 0.0, gate.suite.fingerprint, now,
            )
            for gate, rule, evaluated, unexpected in sums.values()
        ]  # fmt: skip
        return results, counts


def append(spark: SparkSession, results: Sequence[Result], *, warehouse: str) -> None:
    """Append results. One small commit, none without results."""
    if not results:
        return
    delta.ensure(spark, QUALITY_RESULTS, warehouse=warehouse)
    # As one JSON literal: createDataFrame would start a Python worker for a few rows, which takes seconds.
    document = json.dumps([asdict(result) for result in results], default=datetime.isoformat)
    rows = spark.range(1).select(F.inline(F.from_json(F.lit(document), ArrayType(RESULTS))))
    delta.append(rows, QUALITY_RESULTS, MicroBatch(warehouse, new_event_id(), 0))


def lane_of(table: Table) -> str:
    """Return the lane a table belongs to, by its name."""
    return "stream" if table.name.endswith("_stream") else "batch"
