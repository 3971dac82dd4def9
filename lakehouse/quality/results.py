"""Results of rules, stored in the table quality.results: collected, appended and read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.errors import UsageError
from lakehouse.catalog.schemas import RESULTS
from lakehouse.catalog.tables import QUALITY_RESULTS, TABLES
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality.suite_model import Rule
from lakehouse.spark.dataframes import dataframe_from_rows

if TYPE_CHECKING:
    # The gate imports Great Expectations, which takes seconds; reading results does not need it.
    from lakehouse.quality.gate import Gate, GateResult


@dataclass(frozen=True)
class RuleResult:
    """One row of quality.results; lakehouse.catalog.schemas.RESULTS describes its columns."""

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
        """Whether a critical rule failed."""
        return not self.success and self.severity == "critical"


class GateStats:
    """The counts of a lane's gates, summed until they are taken. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, str], tuple[Gate, Rule, int, int]] = {}
        self._counts = StepMetrics()

    def add(self, result: GateResult) -> None:
        """Add the counts of one gate result."""
        gate = result.gate
        with self._lock:
            if gate.table.layer == "silver":
                self._counts += result.counts
            for count in result.rules:
                key = (gate.table.full_name, count.rule.id)
                _, _, evaluated, unexpected = self._sums.get(key, (gate, count.rule, 0, 0))
                sums = (evaluated + count.evaluated, unexpected + count.unexpected)
                self._sums[key] = (gate, count.rule, *sums)

    def exclude_known(self, rows: int) -> None:
        """Subtract refused rows that an earlier run already counted."""
        with self._lock:
            self._counts += StepMetrics(quarantined=-rows)

    def take(self, *, run_id: str, lane: str) -> tuple[list[RuleResult], StepMetrics]:
        """Return the rules' results and the counts of silver's gate since the last call, and reset both."""
        with self._lock:
            sums, self._sums = self._sums, {}
            counts, self._counts = self._counts, StepMetrics()
        now = datetime.now(UTC)
        results = [
            RuleResult(
                run_id, lane, gate.table.layer, gate.table.full_name, None, rule.id, rule.severity, "row",
                evaluated, unexpected, None, unexpected == 0, None, gate.suite.fingerprint, now,
            )
            for gate, rule, evaluated, unexpected in sums.values()
        ]  # fmt: skip
        return results, counts


def append(lake: DeltaLake, results: Sequence[RuleResult]) -> None:
    """Append results. Costs one small commit; without results, none."""
    if not results:
        return
    lake.ensure(QUALITY_RESULTS)
    rows = dataframe_from_rows(lake.spark, [asdict(result) for result in results], RESULTS)
    lake.append(rows, QUALITY_RESULTS)


def read_results(lake: DeltaLake, table: str, *, rule: str | None = None) -> DataFrame:
    """Return the results of a table's rules, newest first.

    Args:
        lake: the lakehouse.
        table: the table's full name, such as silver.pins_batch.
        rule: the id of a rule; None for all rules.

    Raises:
        UsageError: the table does not exist or has no suite.
    """
    names = [candidate.full_name for candidate in TABLES if candidate.suite]
    if table not in names:
        raise UsageError(
            f"{table} has no suite",
            where="quality history",
            hint=f"Tables with a suite: {', '.join(names)}.",
        )
    if not lake.exists(QUALITY_RESULTS):
        return dataframe_from_rows(lake.spark, [], RESULTS)
    results = lake.read(QUALITY_RESULTS).where(F.col("table") == table)
    if rule is not None:
        results = results.where(F.col("rule") == rule)
    return results.orderBy(F.desc("at"), "rule", "kind")
