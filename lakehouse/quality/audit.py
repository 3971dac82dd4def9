"""Audits: a suite's table rules on one version of a table."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.quality import gx
from lakehouse.quality.results import Result, lane_of
from lakehouse.quality.rules import Suite
from lakehouse.tables import Table


def audit(
    spark: SparkSession, table: Table, suite: Suite, *, path: str, version: int, share: float, run_id: str
) -> list[Result]:
    """Judge a version of a table. Costs about a job a rule; each rule of uniqueness shuffles its column.

    Args:
        spark: the session.
        table: the table.
        suite: its suite.
        path: where it lies.
        version: the version.
        share: the share of refused rows among those that came in; rules see it as quarantined_share.
        run_id: of the run that asks.

    Returns:
        A result a rule; none for an empty table.

    Raises:
        TerminalError: a rule could not be judged.
    """
    rows = spark.read.format("delta").option("versionAsOf", version).load(path)
    if not suite.table_rules or rows.isEmpty():
        return []
    started = time.monotonic()
    outcomes = gx.validate(measured(rows, share=share), suite.table_rules)
    seconds = time.monotonic() - started
    now = datetime.now(UTC)
    return [
        Result(
            run_id, lane_of(table), table.layer, table.full_name, version, found.rule.id,
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
