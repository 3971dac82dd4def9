"""Audits: a suite's table rules on one version of a table."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.gx_validation import validate
from lakehouse.quality.results import RuleResult, lane_name
from lakehouse.quality.suites import load_suite


@dataclass(frozen=True)
class AuditTarget:
    """One version of a table.

    Attributes:
        table: a table that has a suite.
        version: its Delta version.
        quarantined_share: refused rows as a share of incoming rows, from 0 to 1. Rules can refer to it.
    """

    table: Table
    version: int
    quarantined_share: float = 0.0


def audit(lake: DeltaLake, target: AuditTarget, *, run_id: str) -> list[RuleResult]:
    """Evaluate a suite's table rules on a version of a table.

    Costs one job, or more: see `lakehouse.quality.gx_metrics`.

    Args:
        lake: the lakehouse.
        target: the version to audit.
        run_id: the id of this run in quality.results.

    Returns:
        One result per rule; none for an empty table.

    Raises:
        TerminalError: a rule cannot be evaluated, or the suite is invalid.
    """
    table, suite = target.table, load_suite(target.table)
    rows = lake.read(table, version=target.version)
    if not suite.table_rules:
        return []
    started = time.monotonic()
    outcomes = validate(add_measures(rows, quarantined_share=target.quarantined_share), suite.table_rules)
    seconds = time.monotonic() - started
    now = datetime.now(UTC)
    return [
        RuleResult(
            run_id, lane_name(table), table.layer, table.full_name, target.version, outcome.rule.id,
            outcome.rule.severity, "table", outcome.evaluated, outcome.unexpected, outcome.observed,
            outcome.success, seconds, suite.fingerprint, now,
        )
        for outcome in outcomes
    ]  # fmt: skip


def add_measures(rows: DataFrame, *, quarantined_share: float) -> DataFrame:
    """Add the columns that rules may use in addition to the table's own: quarantined_share and age_hours."""
    rows = rows.withColumn("quarantined_share", F.lit(quarantined_share))
    if "event_time" not in rows.columns:
        return rows
    seconds = F.unix_seconds(F.current_timestamp()) - F.unix_seconds("event_time")
    return rows.withColumn("age_hours", seconds.cast("double") / 3600)
