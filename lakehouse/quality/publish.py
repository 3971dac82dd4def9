"""Write, audit, publish: readers see a version of a batch table only after its suite has passed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from foundation.errors import TerminalError
from foundation.event import new_event_id
from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality import results
from lakehouse.quality.audit import AuditTarget, audit
from lakehouse.quality.published_version import PublishedVersion, key
from lakehouse.quality.results import GateStats, RuleResult, lane_name

log = structlog.get_logger()


class AuditFailedError(TerminalError):
    """Critical rules do not hold: readers keep the version they had.

    Attributes:
        failures: what does not hold.
    """

    def __init__(self, failures: Sequence[RuleResult], *, kept: str) -> None:
        broken = ", ".join(failure.rule for failure in failures)
        super().__init__(
            f"critical rules do not hold: {broken}; readers keep {kept}",
            where=f"{failures[0].table} version {failures[0].version}",
            hint="Mend the data or the rule, then run this step again.",
        )
        self.failures = list(failures)


def published_version(lake: DeltaLake, table: Table) -> int | None:
    """Return the version that readers see, or None if none has been published."""
    return _read(lake, table).version


def publish(lake: DeltaLake, tables: Sequence[Table], *, gates: GateStats) -> None:
    """Audit the newest version of each table that is not published yet, record it, and publish what passes.

    Whatever stopped an earlier run between its write and this is made good here. Tables that
    never had rows are left alone. The share of refused rows is that of all runs since the last published
    version.

    Args:
        lake: the lakehouse.
        tables: of one lane, with suites.
        gates: what the gates of this run have counted.

    Raises:
        AuditFailedError: a critical rule does not hold; then none of the tables is published.
    """
    run_id = new_event_id()
    found, counts = gates.take(run_id=run_id, lane=lane_name(tables[0]))
    pointers: dict[Table, PublishedVersion] = {}
    for table in tables:
        old = _read(lake, table)
        newest = lake.version(table)
        if newest == old.version:
            continue
        pending = _since_published(old, counts)
        target = AuditTarget(table, newest, quarantined_share=pending.quarantined_share)
        judged = audit(lake, target, run_id=run_id)
        found += judged
        failures = [result for result in judged if result.failed_critically]
        if failures:
            results.append(lake, found)
            _write(lake, table, replace(old, pending=pending))
            _raise(failures, kept=old.version)
        # One that an erasure has emptied has nothing to be judged, but its old version must not be read.
        if judged or old.version is not None:
            pointers[table] = PublishedVersion(newest, run_id)
    results.append(lake, found)
    for table, pointer in pointers.items():
        _write(lake, table, pointer)
        log.info("published", table=table.full_name, version=pointer.version)


def _read(lake: DeltaLake, table: Table) -> PublishedVersion:
    return PublishedVersion.parse(lake.get_text(key(table)))


def _write(lake: DeltaLake, table: Table, pointer: PublishedVersion) -> None:
    lake.put_text(key(table), pointer.as_text())


def _since_published(old: PublishedVersion, counts: StepMetrics) -> StepMetrics:
    since = old.pending + counts
    # A rebuild may let more through than has been refused since.
    return replace(since, quarantined=max(since.quarantined, 0))


def _raise(failures: Sequence[RuleResult], *, kept: int | None) -> None:
    for failure in failures:
        log.error("critical rule does not hold", **_told(failure))
    raise AuditFailedError(failures, kept="nothing" if kept is None else f"version {kept}")


def _told(failure: RuleResult) -> dict[str, object]:
    return {
        "table": failure.table,
        "version": failure.version,
        "rule": failure.rule,
        "observed": failure.observed,
        "unexpected": failure.unexpected,
        "evaluated": failure.evaluated,
    }
