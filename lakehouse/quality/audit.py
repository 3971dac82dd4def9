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
from lakehouse.quality.results import Result, lane_of
from lakehouse.quality.suites import load


@dataclass(frozen=True)
class Subject:
    """One version of a table.

    Attributes:
        table: the table, which has a suite.
        version: the version.
        share: of refused rows among those that came in; rules see it as quarantined_share.
    """

    table: Table
    version: int
    share: float = 0.0


def audit(lake: DeltaLake, subject: Subject, *, run_id: str) -> list[Result]:
    """Judge a version of a table. Costs about a job a rule; each rule of uniqueness shuffles its column.

    Args:
        lake: the lakehouse.
        subject: what is judged.
        run_id: of the run that asks.

    Returns:
        A result a rule; none for an empty table.

    Raises:
        TerminalError: a rule could not be judged, or the suite is not usable.
    """
    table, suite = subject.table, load(subject.table)
    rows = lake.read(table, version=subject.version)
    if not suite.table_rules or rows.isEmpty():
        return []
    started = time.monotonic()
    outcomes = gx.validate(measured(rows, share=subject.share), suite.table_rules)
    seconds = time.monotonic() - started
    now = datetime.now(UTC)
    return [
        Result(
            run_id, lane_of(table), table.layer, table.full_name, subject.version, found.rule.id,
            found.rule.severity, "table", found.evaluated, found.unexpected, found.observed,
            found.success, seconds, suite.fingerprint, now,
        )
        for found in outcomes
    ]  # fmt: skip


def measured(rows: DataFrame, *, share: float) -> DataFrame:
    """Add what rules may ask for beside a table's columns: quarantined_share and age_hours."""
    rows = rows.withColumn("quarantined_share", F.lit(share))
    if "event_time" not in rows.columns:
        return rows
    seconds = F.unix_seconds(F.current_timestamp()) - F.unix_seconds("event_time")
    return rows.withColumn("age_hours", seconds.cast("double") / 3600)
