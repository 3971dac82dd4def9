"""The latest result and the trend of every rule, from quality.results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from lakehouse.observability.quality_report.model import Point, RuleText, RuleVerdict, Unit

_MAX_POINTS = 30
_LATEST = ("lane", "severity", "kind", "success", "evaluated", "unexpected", "observed", "version")


def read_rule_history(
    results: DataFrame, rule_texts: Mapping[str, RuleText], *, since: datetime
) -> tuple[Unit, tuple[RuleVerdict, ...]]:
    """Return the period of the trends and one verdict per table and rule, ordered by these.

    Costs three jobs, which return at most one row and 31 points per table and rule.

    Args:
        results: quality.results.
        rule_texts: the sentence and unit of each rule, by rule id.
        since: older results are not included.
    """
    recent = results.where(F.col("at") >= F.lit(since)).persist()
    try:
        unit = _choose_unit(recent)
        trends = defaultdict(list)
        for row in recent.transform(lambda rows: aggregate_points(rows, unit=unit)).collect():
            trends[row.table, row.rule].append(_point(row))
        newest = recent.transform(latest_verdicts).collect()
    finally:
        recent.unpersist()
    return unit, tuple(_verdict(row, rule_texts, trends[row.table, row.rule]) for row in newest)


def latest_verdicts(results: DataFrame) -> DataFrame:
    """Return the latest result per table and rule, and since when the rule has failed. Two shuffles.

    A rule that is no longer in its suite is left out.

    Args:
        results: rows of quality.results.

    Returns:
        table, rule, at, latest (struct), failing_since, last_success.
    """
    rule = Window.partitionBy("table", "rule")
    suite = Window.partitionBy("table", "kind")
    with_suite = F.when(F.col("suite").isNotNull(), F.col("at"))
    after_success = F.col("_last_success").isNull() | (F.col("at") > F.col("_last_success"))
    return (
        results.withColumns(
            {
                "_last_success": F.max(F.when(F.col("success"), F.col("at"))).over(rule),
                "_suite": F.max_by("suite", with_suite).over(suite),
            }
        )
        .groupBy("table", "rule")
        .agg(
            F.max_by(F.struct(*_LATEST), "at").alias("latest"),
            F.max_by(F.struct("suite", "_suite"), "at").alias("_suites"),
            F.max("at").alias("at"),
            F.min(F.when(~F.col("success") & after_success, F.col("at"))).alias("failing_since"),
            F.max("_last_success").alias("last_success"),
        )
        .where(F.col("_suites.suite").isNull() | (F.col("_suites.suite") == F.col("_suites._suite")))
        .drop("_suites")
        .orderBy("table", "rule")
    )


def aggregate_points(results: DataFrame, *, unit: Unit) -> DataFrame:
    """Return the last 31 periods of every rule's history, oldest first. Two shuffles."""
    by = Window.partitionBy("table", "rule").orderBy(F.desc("period"))
    return (
        results.groupBy("table", "rule", F.date_trunc(unit, F.col("at")).alias("period"))
        .agg(
            F.count("*").alias("runs"),
            F.count_if(~F.col("success")).alias("failures"),
            _sum("evaluated"),
            _sum("unexpected"),
            F.max_by(F.col("observed").try_cast("double"), "at").alias("observed"),
        )
        .withColumn("_rank", F.row_number().over(by))
        .where(F.col("_rank") <= _MAX_POINTS + 1)
        .drop("_rank")
        .orderBy("table", "rule", "period")
    )


def _sum(column: str) -> Column:
    return F.coalesce(F.sum(column), F.lit(0)).alias(column)


def _choose_unit(results: DataFrame) -> Unit:
    """Return the shortest period in which a plot can show the whole history."""
    row = results.agg(F.min("at").alias("first"), F.max("at").alias("last")).first()
    span = row.last - row.first if row and row.first else timedelta()
    if span <= timedelta(minutes=_MAX_POINTS):
        return "minute"
    return "hour" if span <= timedelta(hours=_MAX_POINTS) else "day"


def _verdict(row: Row, rule_texts: Mapping[str, RuleText], trend: list[Point]) -> RuleVerdict:
    text = rule_texts.get(row.rule, RuleText(row.rule))
    return RuleVerdict(
        table=row.table,
        rule=row.rule,
        sentence=text.sentence,
        unit=text.unit,
        at=_utc(row.at),
        failing_since=None if row.latest.success or row.failing_since is None else _utc(row.failing_since),
        last_success=_utc(row.last_success) if row.last_success else None,
        trend=tuple(trend),
        **row.latest.asDict(),
    )


def _point(row: Row) -> Point:
    return Point(_utc(row.period), row.runs, row.failures, row.evaluated, row.unexpected, row.observed)


def _utc(moment: datetime) -> datetime:
    # pyspark returns a timestamp as local time without a zone.
    return moment.astimezone(UTC)
