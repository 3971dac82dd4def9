"""The history of rules: the period of a trend follows its length, and a failure begins after a success."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.catalog.schemas import RESULTS
from lakehouse.observability.quality_report.model import RuleText
from lakehouse.observability.quality_report.rule_history import read_rule_history
from lakehouse.spark.dataframes import dataframe_from_rows

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=365)


def _result(age: timedelta, *, rule: str = "rule", **columns: object) -> dict[str, object]:
    return {
        "lane": "batch", "table": "silver.pins_batch", "rule": rule, "severity": "critical", "kind": "row",
        "evaluated": 100, "unexpected": 0, "observed": None, "success": True, "version": 3, "suite": "new",
        "at": NOON - age, **columns,
    }  # fmt: skip


def _results(spark: SparkSession, rows: Sequence[dict[str, object]]) -> DataFrame:
    return dataframe_from_rows(spark, rows, RESULTS)


@pytest.mark.parametrize(
    ("span", "unit"),
    [
        (timedelta(minutes=30), "minute"),
        (timedelta(minutes=31), "hour"),
        (timedelta(hours=30), "hour"),
        (timedelta(hours=31), "day"),
    ],
    ids=str,
)
def test_the_shortest_period_that_shows_everything_is_chosen(
    spark: SparkSession, span: timedelta, unit: str
) -> None:
    results = _results(spark, [_result(timedelta()), _result(span)])

    period, (verdict,) = read_rule_history(results, {}, since=LONG_AGO)

    assert (period, len(verdict.trend)) == (unit, 2)


def test_without_results_there_is_no_verdict(spark: SparkSession) -> None:
    old = _results(spark, [_result(timedelta(days=2))])

    assert read_rule_history(old, {}, since=NOON - timedelta(days=1)) == ("minute", ())


def test_validations_of_one_period_are_one_point_and_only_the_newest_are_kept(spark: SparkSession) -> None:
    day = timedelta(days=1)
    rows = [_result(number * day, observed=str(number)) for number in range(40)]
    rows += [
        _result(timedelta(hours=1), success=False, unexpected=7, evaluated=None, observed="text"),
        _result(-timedelta(hours=1), observed="12.5"),
    ]

    unit, (verdict,) = read_rule_history(_results(spark, rows), {}, since=LONG_AGO)

    assert (unit, len(verdict.trend)) == ("day", 31)
    newest = verdict.trend[-1]
    assert newest.at == NOON.replace(hour=0)
    assert (newest.runs, newest.failures, newest.evaluated, newest.unexpected) == (3, 1, 200, 7)
    assert newest.observed == 12.5
    assert verdict.trend[0].at == NOON.replace(hour=0) - 30 * day


def test_a_failure_lasts_since_the_last_success(spark: SparkSession) -> None:
    hours = [timedelta(hours=number) for number in range(5)]
    rows = [
        _result(hours[0], rule="a", success=False, unexpected=3),
        _result(hours[1], rule="a", success=False),
        _result(hours[2], rule="a"),
        _result(hours[3], rule="a", success=False),
        _result(hours[1], rule="b"),
        _result(hours[2], rule="b", success=False),
        _result(hours[4], rule="c", success=False, observed="NaN"),
        _result(hours[4], rule="removed", suite="old"),
    ]
    texts = {"a": RuleText("Sentence", "share")}

    _, verdicts = read_rule_history(_results(spark, rows), texts, since=LONG_AGO)

    first, second, third = verdicts
    assert (first.sentence, first.unit, first.success, first.unexpected) == ("Sentence", "share", False, 3)
    assert (first.failing_since, first.last_success) == (NOON - hours[1], NOON - hours[2])
    assert (second.sentence, second.success, second.failing_since) == ("b", True, None)
    # It has never held.
    assert (third.rule, third.failing_since, third.last_success) == ("c", NOON - hours[4], None)
