"""Audits: a suite's table rules on one version of a table."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality import gx_adapter as gx
from lakehouse.quality.results import RuleResult, lane_name
from lakehouse.quality.suites import load_suite


@dataclass(frozen=True)
class AuditTarget:
    """One version of a table.

    Attributes:
        table: the table, which has a suite.
        version: the version.
        quarantined_share: of refused rows among those that came in; rules see it as quarantined_share.
    """

    table: Table
    version: int
    quarantined_share: float = 0.0


def audit(lake: DeltaLake, target: AuditTarget, *, run_id: str) -> list[RuleResult]:
    """Judge a version of a table. Costs about a job a rule; each rule of uniqueness shuffles its column.

    Args:
        lake: the lakehouse.
        target: what is judged.
        run_id: of the run that asks.

    Returns:
        A result a rule; none for an empty table.

    Raises:
        TerminalError: a rule could not be judged, or the suite is not usable.
    """
    table, suite = target.table, load_suite(target.table)
    rows = lake.read(table, version=target.version)
    if not suite.table_rules or rows.isEmpty():
        return []
    started = time.monotonic()
    outcomes = gx.validate(add_measures(rows, quarantined_share=target.quarantined_share), suite.table_rules)
    seconds = time.monotonic() - started
    now = datetime.now(UTC)
    return [
        RuleResult(
            run_id, lane_name(table), table.layer, table.full_name, target.version, found.rule.id,
            found.rule.severity, "table", found.evaluated, found.unexpected, found.observed,
            found.success, seconds, suite.fingerprint, now,
        )
        for found in outcomes
    ]  # fmt: skip


def add_measures(rows: DataFrame, *, quarantined_share: float) -> DataFrame:
    """Add what rules may ask for beside a table's columns: quarantined_share and age_hours."""
    rows = rows.withColumn("quarantined_share", F.lit(quarantined_share))
    if "event_time" not in rows.columns:
        return rows
    seconds = F.unix_seconds(F.current_timestamp()) - F.unix_seconds("event_time")
    return rows.withColumn("age_hours", seconds.cast("double") / 3600)
