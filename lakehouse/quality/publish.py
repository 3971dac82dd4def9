"""Publication of batch tables: readers see a version only after it has passed its suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import structlog

from foundation.errors import TerminalError
from foundation.event import new_event_id
from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality import results
from lakehouse.quality.audit import AuditTarget, audit
from lakehouse.quality.published_version import PublishedVersion, key
from lakehouse.quality.results import GateStats, RuleResult

log = structlog.get_logger()


class AuditFailedError(TerminalError):
    """Critical rules failed on a version; readers keep the version they had.

    Attributes:
        failures: the results of the failed critical rules.
    """

    def __init__(self, failures: Sequence[RuleResult], *, readers_keep: str) -> None:
        failed_rules = ", ".join(failure.rule for failure in failures)
        super().__init__(
            f"critical rules failed: {failed_rules}; readers keep {readers_keep}",
            where=f"{failures[0].table} version {failures[0].version}",
            hint="Fix the data or the rule, then rerun this step.",
        )
        self.failures = list(failures)


def published_version(lake: DeltaLake, table: Table) -> int | None:
    """Return the version that readers see, or None if no version has been published."""
    return _read(lake, table).version


def publish(lake: DeltaLake, table: Table, *, gates: GateStats) -> None:
    """Audit the newest version of a table and publish it if it passes; record the results either way.

    A version that an interrupted run wrote but did not publish is published here. A table that never had
    rows is not published. The share of refused rows covers all runs since the last published version.

    Args:
        lake: the lakehouse.
        table: a table that has a suite.
        gates: what the gates of this run have counted.

    Raises:
        AuditFailedError: a critical rule failed, so the version is not published.
    """
    run_id = new_event_id()
    gate_results, counts = gates.take(run_id=run_id, lane=table.lane)
    published = _read(lake, table)
    newest = lake.version(table)
    if newest == published.version:
        results.append(lake, gate_results)
        return
    pending = _add_pending(published, counts)
    target = AuditTarget(table, newest, quarantined_share=pending.quarantined_share)
    audit_results = audit(lake, target, run_id=run_id)
    results.append(lake, [*gate_results, *audit_results])
    failures = [result for result in audit_results if result.failed_critically]
    if failures:
        _write(lake, table, replace(published, pending=pending))
        _raise_failures(failures, published=published.version)
    # An erasure can empty a table: then there is nothing to audit, but readers must leave the old version.
    if audit_results or published.version is not None:
        _write(lake, table, PublishedVersion(newest, run_id))
        log.info("published", table=table.full_name, version=newest)


def _read(lake: DeltaLake, table: Table) -> PublishedVersion:
    return PublishedVersion.parse(lake.get_text(key(table)))


def _write(lake: DeltaLake, table: Table, published: PublishedVersion) -> None:
    lake.put_text(key(table), published.as_text())


def _add_pending(published: PublishedVersion, counts: StepMetrics) -> StepMetrics:
    total = published.pending + counts
    # A rebuild can release more rows than were refused since the last published version.
    return replace(total, quarantined=max(total.quarantined, 0))


def _raise_failures(failures: Sequence[RuleResult], *, published: int | None) -> NoReturn:
    for failure in failures:
        log.error("critical rule does not hold", **_log_fields(failure))
    raise AuditFailedError(failures, readers_keep="nothing" if published is None else f"version {published}")


def _log_fields(failure: RuleResult) -> dict[str, object]:
    return {
        "table": failure.table,
        "version": failure.version,
        "rule": failure.rule,
        "observed": failure.observed,
        "unexpected": failure.unexpected,
        "evaluated": failure.evaluated,
    }
