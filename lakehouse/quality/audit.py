"""Audits: a suite's table rules on one version of a table."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.tables import Table
from lakehouse.delta.added_rows import read_added
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.gx_validation import validate
from lakehouse.quality.results import RuleResult
from lakehouse.quality.suites import load_suite


@dataclass(frozen=True)
class AuditTarget:
    """One version of a table.

    Attributes:
        table: a table that has a suite.
        version: its Delta version.
        quarantined_share: refused rows as a share of incoming rows, from 0 to 1. Rules can refer to it.
        since: an older version: only rows in files added after it are checked. None for all rows.
    """

    table: Table
    version: int
    quarantined_share: float = 0.0
    since: int | None = None


def audit(lake: DeltaLake, target: AuditTarget, *, run_id: str) -> list[RuleResult]:
    """Evaluate a suite's table rules on a version of a table.

    Costs one job, or more: see `lakehouse.quality.gx_metrics`. Without the rows up to `target.since`,
    uniqueness means that no two of the rows added since are alike: that they are not like any older row is
    for the write to ensure (`lakehouse.delta.appends`).

    Args:
        lake: the lakehouse.
        target: the version to audit.
        run_id: the id of this run in quality.results.

    Returns:
        One result per rule; none if there are no rows to check.

    Raises:
        TerminalError: a rule cannot be evaluated, or the suite is invalid.
    """
    table, suite = target.table, load_suite(target.table)
    if not suite.table_rules:
        return []
    rows = add_measures(_read(lake, target), quarantined_share=target.quarantined_share)
    started = time.monotonic()
    outcomes = validate(rows, suite.table_rules)
    seconds = time.monotonic() - started
    now = datetime.now(UTC)
    return [
        RuleResult(
            run_id, table.lane, table.layer, table.full_name, target.version, outcome.rule.id,
            outcome.rule.severity, "table", outcome.evaluated, outcome.unexpected, outcome.observed,
            outcome.success, seconds, suite.fingerprint, now,
        )
        for outcome in outcomes
    ]  # fmt: skip


def _read(lake: DeltaLake, target: AuditTarget) -> DataFrame:
    if target.since is None:
        return lake.read(target.table, version=target.version)
    return read_added(lake, target.table, since=target.since, version=target.version)


def add_measures(rows: DataFrame, *, quarantined_share: float) -> DataFrame:
    """Add the columns that rules may use in addition to the table's own: quarantined_share and age_hours."""
    rows = rows.withColumn("quarantined_share", F.lit(quarantined_share))
    if "event_time" not in rows.columns:
        return rows
    seconds = F.unix_seconds(F.current_timestamp()) - F.unix_seconds("event_time")
    return rows.withColumn("age_hours", seconds.cast("double") / 3600)
