"""Write, audit, publish: readers see a version of a batch table only after its suite has passed it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from pyspark.sql import SparkSession

from lakehouse import delta, objects
from lakehouse.quality import results
from lakehouse.quality.audit import audit
from lakehouse.quality.results import GateLog, Result, lane_of
from lakehouse.quality.suite import load
from lakehouse.tables import TABLES, Table
from pinlake.errors import TerminalError
from pinlake.event import new_event_id

log = structlog.get_logger()


class Unpublished(TerminalError):
    """Critical rules do not hold: readers keep the version they had.

    Attributes:
        failures: what does not hold.
    """

    def __init__(self, failures: Sequence[Result], *, kept: str) -> None:
        broken = ", ".join(failure.rule for failure in failures)
        super().__init__(
            f"critical rules do not hold: {broken}; readers keep {kept}",
            where=f"{failures[0].table} version {failures[0].version}",
            mend="Mend the data or the rule, then run this step again.",
        )
        self.failures = list(failures)


def published(spark: SparkSession, table: Table, *, warehouse: str) -> int | None:
    """Return the version that readers see, or None if none has been published."""
    text = objects.read(spark, _pointer(table, warehouse))
    return None if text is None else int(json.loads(text)["version"])


def publish(spark: SparkSession, tables: Sequence[Table], *, warehouse: str, gates: GateLog) -> list[Result]:
    """Audit the newest version of each table that is not published yet, record it, and publish what passes.

    Whatever stopped an earlier run between its write and this is made good here. Tables without rows are
    left alone. All of the tables are published, or none.

    Args:
        spark: the session.
        tables: with suites.
        warehouse: root URL of the tables.
        gates: what the gates of this run have counted.

    Raises:
        Unpublished: a critical rule does not hold.
    """
    run_id = new_event_id()
    found, share = gates.take(run_id=run_id, lane=lane_of(tables[0]))
    versions: dict[Table, int] = {}
    for table in tables:
        newest = delta.version(spark, table, warehouse=warehouse)
        if newest == published(spark, table, warehouse=warehouse):
            continue
        judged = audit(
            spark,
            table,
            load(table),
            path=table.path(warehouse),
            version=newest,
            share=share,
            run_id=run_id,
        )
        found += judged
        if judged:
            versions[table] = newest
    results.append(spark, found, warehouse=warehouse)
    failures = [result for result in found if result.kind == "table" and result.failed_critically]
    _refuse(failures, spark, warehouse)
    for table, version in versions.items():
        _point(spark, table, version, run_id=run_id, warehouse=warehouse)
    return found


def _refuse(failures: Sequence[Result], spark: SparkSession, warehouse: str) -> None:
    if not failures:
        return
    for failure in failures:
        log.error("critical rule does not hold", **_told(failure))
    table = next(table for table in TABLES if table.full_name == failures[0].table)
    kept = published(spark, table, warehouse=warehouse)
    raise Unpublished(failures, kept="none" if kept is None else f"version {kept}")


def _told(failure: Result) -> dict[str, object]:
    return {
        "table": failure.table,
        "version": failure.version,
        "rule": failure.rule,
        "observed": failure.observed,
        "unexpected": failure.unexpected,
        "evaluated": failure.evaluated,
    }


def _point(spark: SparkSession, table: Table, version: int, *, run_id: str, warehouse: str) -> None:
    at = datetime.now(UTC).isoformat()
    pointer = {"version": version, "run_id": run_id, "at": at}
    objects.replace(spark, _pointer(table, warehouse), json.dumps(pointer))


def _pointer(table: Table, warehouse: str) -> str:
    return f"{warehouse}/_published/{table.full_name}.json"
