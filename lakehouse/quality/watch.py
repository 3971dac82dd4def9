"""The stream lane's audit: beside the stream, on what it has committed, never in its way."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from types import TracebackType

import structlog
from py4j.protocol import Py4JError
from pyspark import InheritableThread
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from lakehouse import delta, objects
from lakehouse.quality import results
from lakehouse.quality.audit import audit
from lakehouse.quality.results import GateLog, Result
from lakehouse.quality.suite import load
from lakehouse.tables import STREAM, Table
from pinlake.errors import PinlakeError
from pinlake.event import new_event_id

log = structlog.get_logger()

VERDICT = "_quality/stream.json"
_POOL = "audit"


class Watch:
    """Audits silver and features of the stream lane at an interval; use it as a context.

    Each look appends to quality.results and replaces the verdict that `pinlake status` shows. A look that
    fails is told in the verdict and the log; it does not stop the stream.

    Args:
        spark: the session.
        warehouse: root URL of the tables.
        gates: what the lane's gates count.
        seconds: the interval.
    """

    def __init__(self, spark: SparkSession, *, warehouse: str, gates: GateLog, seconds: float) -> None:
        self._spark = spark
        self._warehouse = warehouse
        self._gates = gates
        self._seconds = seconds
        self._seen: dict[Table, int] = {}
        self._state: dict[str, dict[str, object]] = {}
        self._ending = threading.Event()
        self._thread = InheritableThread(target=self._run, name="audit", daemon=True)

    def __enter__(self) -> Watch:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look a last time, and end."""
        self._ending.set()
        self._thread.join()

    def look(self) -> None:
        """Audit what has changed since the last look."""
        run_id = new_event_id()
        trouble = None
        try:
            self._judge(run_id)
        except (PinlakeError, PySparkException, Py4JError) as error:
            trouble = str(error).strip().splitlines()[0]
            log.error("the stream lane could not be audited", error=trouble)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        verdict = {"at": at, "run_id": run_id, "error": trouble, "tables": self._state}
        objects.replace(self._spark, f"{self._warehouse}/{VERDICT}", json.dumps(verdict))

    def _run(self) -> None:
        # In a pool of its own: the stream's jobs do not queue behind it.
        self._spark.sparkContext.setLocalProperty("spark.scheduler.pool", _POOL)
        while not self._ending.wait(self._seconds):
            self.look()
        self.look()

    def _judge(self, run_id: str) -> None:
        found, counts = self._gates.take(run_id=run_id, lane=STREAM.name)
        for table in (STREAM.silver, STREAM.features):
            version = delta.version(self._spark, table, warehouse=self._warehouse)
            if self._seen.get(table) == version:
                continue
            path = table.path(self._warehouse)
            suite = load(table)
            judged = audit(
                self._spark,
                table,
                suite,
                path=path,
                version=version,
                share=counts.quarantined_share,
                run_id=run_id,
            )
            found += judged
            self._seen[table] = version
            if judged:
                self._state[table.full_name] = _state(version, judged)
        results.append(self._spark, found, warehouse=self._warehouse)


def _state(version: int, judged: list[Result]) -> dict[str, object]:
    failed = [result for result in judged if not result.success]
    for result in failed:
        tell = log.error if result.failed_critically else log.warning
        tell("rule does not hold", table=result.table, rule=result.rule, observed=result.observed)
    return {
        "version": version,
        "critical": [result.rule for result in failed if result.severity == "critical"],
        "warning": [result.rule for result in failed if result.severity == "warning"],
    }
