"""The stream lane's audit: a thread that audits committed versions without delaying the stream."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from py4j.protocol import Py4JError
from pyspark import InheritableThread
from pyspark.errors import PySparkException

from foundation.background_thread import BackgroundThread
from foundation.errors import PinlakeError, first_line
from foundation.event import new_event_id
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality import results
from lakehouse.quality.audit import AuditTarget, audit
from lakehouse.quality.results import GateStats, RuleResult
from lakehouse.quality.stream_audit_status import AUDITED, KEY, StreamAuditStatus, TableAuditStatus

log = structlog.get_logger()

_POOL = "audit"
_ERRORS = (PinlakeError, PySparkException, Py4JError)


class StreamAuditor(BackgroundThread):
    """Audits silver and features of the stream lane at an interval, and once more at the end of its block.

    The tables are history, so an audit reads only what was added since the one before, which may have been of
    another process: see `TableAuditStatus.list_bases`. Each audit appends to quality.results and replaces the
    status that `pinlake status` shows. An audit that fails is reported there and in the log; it does not stop
    the stream.

    Args:
        lake: the lakehouse.
        gates: the counts of the lane's gates.
        seconds: the interval.
    """

    def __init__(self, lake: DeltaLake, *, gates: GateStats, seconds: float) -> None:
        super().__init__("audit", kind=InheritableThread)
        self._lake = lake
        self._gates = gates
        self._seconds = seconds
        self._audited: dict[Table, int] = {}
        self._tables: dict[str, TableAuditStatus] | None = None

    def audit_once(self) -> None:
        """Audit the tables that changed since the last audit, and write the status."""
        run_id = new_event_id()
        try:
            self._audit_changed(run_id)
            self._write_status(run_id, None)
        except _ERRORS as error:
            message = first_line(error)
            log.error("the stream lane could not be audited", error=message)
            # The object store itself may be down. Then the old status stays, with its time.
            with suppress(*_ERRORS):
                self._write_status(run_id, message)

    def _write_status(self, run_id: str, error: str | None) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        status = StreamAuditStatus(at, run_id, error, self._tables or {})
        self._lake.put_text(KEY, status.as_json())

    def _run(self) -> None:
        # A separate scheduler pool, so that the stream's jobs do not queue behind an audit.
        self._lake.spark.sparkContext.setLocalProperty("spark.scheduler.pool", _POOL)
        while not self._ending.wait(self._seconds):
            self.audit_once()
        self.audit_once()

    def _audit_changed(self, run_id: str) -> None:
        tables = self._read_tables()
        rule_results, counts = self._gates.take(run_id=run_id, lane=STREAM.name)
        for table in AUDITED:
            if not self._lake.exists(table):
                continue  # nothing has been streamed yet
            version = self._lake.version(table)
            if self._audited.get(table) == version:
                continue
            target = AuditTarget(table, version, quarantined_share=counts.quarantined_share)
            since, audit_results = self._audit_added(target, tables.get(table.full_name), run_id)
            rule_results += audit_results
            self._audited[table] = version
            if audit_results:
                tables[table.full_name] = _table_status(version, audit_results, since=since)
        results.append(self._lake, rule_results)

    def _audit_added(
        self, target: AuditTarget, last: TableAuditStatus | None, run_id: str
    ) -> tuple[int | None, list[RuleResult]]:
        """Audit the rows added since the last audit, and return the version before them with the results."""
        for since in last.list_bases(target.version) if last else (None,):
            if audit_results := audit(self._lake, replace(target, since=since), run_id=run_id):
                return since, audit_results
        return None, []

    def _read_tables(self) -> dict[str, TableAuditStatus]:
        """Return the status of each table: the first time, what the process before has left."""
        if self._tables is None:
            stored = self._lake.get_text(KEY)
            self._tables = dict(StreamAuditStatus.from_json(stored).tables) if stored else {}
        return self._tables


def _table_status(version: int, audit_results: list[RuleResult], *, since: int | None) -> TableAuditStatus:
    failed = [result for result in audit_results if not result.success]
    for result in failed:
        write = log.error if result.failed_critically else log.warning
        write("rule does not hold", table=result.table, rule=result.rule, observed=result.observed)
    critical, warning = (
        [result.rule for result in failed if result.severity == severity]
        for severity in ("critical", "warning")
    )
    return TableAuditStatus(version, critical, warning, since)
