"""What validations found, kept in quality.results."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from foundation.event import new_event_id
from lakehouse.catalog.schemas import RESULTS
from lakehouse.catalog.tables import QUALITY_RESULTS, Table
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality.gate import Gate, Judged
from lakehouse.quality.rules import Rule
from lakehouse.spark.dataframes import dataframe_from_rows


@dataclass(frozen=True)
class Result:
    """One row of quality.results: see lakehouse.catalog.schemas.RESULTS."""

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
    seconds: float | None
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
        self._counts = StepMetrics()

    def add(self, judged: Judged) -> None:
        """Add one pass."""
        gate = judged.gate
        with self._lock:
            if gate.table.layer == "silver":
                self._counts += judged.counts
            for count in judged.tally.rules:
                key = (gate.table.full_name, count.rule.id)
                _, _, evaluated, unexpected = self._sums.get(key, (gate, count.rule, 0, 0))
                sums = (evaluated + count.evaluated, unexpected + count.unexpected)
                self._sums[key] = (gate, count.rule, *sums)

    def discount(self, rows: int) -> None:
        """Take rows off those refused that have been counted before."""
        with self._lock:
            self._counts += StepMetrics(quarantined=-rows)

    def take(self, *, run_id: str, lane: str) -> tuple[list[Result], StepMetrics]:
        """Return the results since the last call, and what silver's gate read and refused; begin anew."""
        with self._lock:
            sums, self._sums = self._sums, {}
            counts, self._counts = self._counts, StepMetrics()
        now = datetime.now(UTC)
        results = [
            Result(
                run_id, lane, gate.table.layer, gate.table.full_name, None, rule.id, rule.severity, "row",
                evaluated, unexpected, None, unexpected == 0, None, gate.suite.fingerprint, now,
            )
            for gate, rule, evaluated, unexpected in sums.values()
        ]  # fmt: skip
        return results, counts


def append(lake: DeltaLake, results: Sequence[Result]) -> None:
    """Append results. One small commit, none without results."""
    if not results:
        return
    lake.ensure(QUALITY_RESULTS)
    rows = dataframe_from_rows(lake.spark, [asdict(result) for result in results], RESULTS)
    lake.append(rows, QUALITY_RESULTS, MicroBatch(new_event_id(), 0))


def lane_of(table: Table) -> str:
    """Return the lane a table belongs to, by its name."""
    return "stream" if table.name.endswith("_stream") else "batch"
