"""The stream lane's audit: beside the stream, on what it has committed, never in its way."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType

import structlog
from py4j.protocol import Py4JError
from pyspark import InheritableThread
from pyspark.errors import PySparkException

from foundation.errors import PinlakeError
from foundation.event import new_event_id
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality import results
from lakehouse.quality.audit import AuditTarget, audit
from lakehouse.quality.results import GateStats, RuleResult
from lakehouse.quality.stream_audit_status import KEY, StreamAuditStatus, TableAuditStatus

log = structlog.get_logger()

_POOL = "audit"
_TROUBLES = (PinlakeError, PySparkException, Py4JError)


class StreamAuditor:
    """Audits silver and features of the stream lane at an interval; use it as a context.

    Each look appends to quality.results and replaces the verdict that `pinlake status` shows. A look that
    fails is told in the verdict and the log; it does not stop the stream.

    Args:
        lake: the lakehouse.
        gates: what the lane's gates count.
        seconds: the interval.
    """

    def __init__(self, lake: DeltaLake, *, gates: GateStats, seconds: float) -> None:
        self._lake = lake
        self._gates = gates
        self._seconds = seconds
        self._seen: dict[Table, int] = {}
        self._state: dict[str, TableAuditStatus] = {}
        self._ending = threading.Event()
        self._thread = InheritableThread(target=self._run, name="audit", daemon=True)

    def __enter__(self) -> StreamAuditor:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look a last time, and end."""
        self._ending.set()
        self._thread.join()

    def audit_once(self) -> None:
        """Audit what has changed since the last look."""
        run_id = new_event_id()
        try:
            self._judge(run_id)
            self._tell(run_id, None)
        except _TROUBLES as error:
            trouble = _first_line(error)
            log.error("the stream lane could not be audited", error=trouble)
            # The store itself may be what is away; then the verdict is as old as it says.
            with suppress(*_TROUBLES):
                self._tell(run_id, trouble)

    def _tell(self, run_id: str, error: str | None) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        verdict = StreamAuditStatus(at, run_id, error, self._state)
        self._lake.put_text(KEY, verdict.as_json())

    def _run(self) -> None:
        # In a pool of its own: the stream's jobs do not queue behind it.
        self._lake.spark.sparkContext.setLocalProperty("spark.scheduler.pool", _POOL)
        while not self._ending.wait(self._seconds):
            self.audit_once()
        self.audit_once()

    def _judge(self, run_id: str) -> None:
        found, counts = self._gates.take(run_id=run_id, lane=STREAM.name)
        for table in (STREAM.silver, STREAM.features):
            if not self._lake.exists(table):
                continue  # nothing has been streamed yet
            version = self._lake.version(table)
            if self._seen.get(table) == version:
                continue
            target = AuditTarget(table, version, quarantined_share=counts.quarantined_share)
            judged = audit(self._lake, target, run_id=run_id)
            found += judged
            self._seen[table] = version
            if judged:
                self._state[table.full_name] = _state(version, judged)
        results.append(self._lake, found)


def _state(version: int, judged: list[RuleResult]) -> TableAuditStatus:
    failed = [result for result in judged if not result.success]
    for result in failed:
        tell = log.error if result.failed_critically else log.warning
        tell("rule does not hold", table=result.table, rule=result.rule, observed=result.observed)
    critical, warning = (
        [result.rule for result in failed if result.severity == severity]
        for severity in ("critical", "warning")
    )
    return TableAuditStatus(version, critical, warning)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
