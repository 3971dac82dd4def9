"""The head of the report: the worst state wins, and figures of lanes are never added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.observability.quality_report.model import Reason, RuleVerdict
from lakehouse.observability.quality_report.summary import (
    LaneFigures,
    classify,
    count_rules,
    format_count,
    summarise,
)
from tests.reports import CATEGORY, EMPTY, FOLLOWERS, FRESH, HOLDING, NOW, REASONS

# By what a failure of it means: a version is kept from readers; rows were diverted; nothing but a note.
CRITICAL = replace(FRESH, severity="critical", kind="table")
ROW = replace(FOLLOWERS, severity="critical", kind="row")
INFO = replace(CATEGORY, severity="info")
GOOD = HOLDING[0]
WAITING = replace(REASONS[0], lane="batch", first=1_234)


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (CRITICAL, "failed"),
        (ROW, "attention"),
        (replace(CRITICAL, severity="warning"), "attention"),
        (INFO, "attention"),
        (replace(CRITICAL, success=True), "passed"),
    ],
    ids=["critical", "row", "warning", "info", "success"],
)
def test_only_a_critical_rule_on_a_table_keeps_a_version_from_readers(
    verdict: RuleVerdict, state: str
) -> None:
    assert classify(verdict) == state


@pytest.mark.parametrize(
    ("verdicts", "reasons", "state", "headline"),
    [
        ((), (), "unknown", "Nothing has been validated yet"),
        ((), (WAITING,), "unknown", "Nothing has been validated yet"),
        ((GOOD,), (), "passed", "All critical and warning rules hold"),
        ((GOOD, INFO), (), "passed", "All critical and warning rules hold"),
        (
            (GOOD,),
            (WAITING, replace(WAITING, rule="other"), replace(WAITING, lane="stream", first=1)),
            "attention",
            "All rules hold, but records wait in quarantine: 2,468 in the batch lane, 1 in the stream lane",
        ),
        ((GOOD, ROW), (), "attention", "Usable, but 1 rule fails"),
        ((GOOD, ROW, CATEGORY), (WAITING,), "attention", "Usable, but 2 rules fail"),
        ((GOOD, ROW, CRITICAL), (), "failed", "silver.pins_batch fails 1 critical rule"),
        (
            (CRITICAL, replace(CRITICAL, rule="second")),
            (),
            "failed",
            "silver.pins_batch fails 2 critical rules",
        ),
        (
            (CRITICAL, replace(CRITICAL, table="silver.pins_stream")),
            (),
            "failed",
            "2 tables fail 1 critical rule",
        ),
    ],
)
def test_the_headline_names_the_worst_state(
    verdicts: tuple[RuleVerdict, ...], reasons: tuple[Reason, ...], state: str, headline: str
) -> None:
    summary = summarise(replace(EMPTY, verdicts=verdicts, reasons=reasons))

    assert (summary.state, summary.headline) == (state, headline)


def test_failing_rules_are_ordered_from_the_worst_and_the_longest() -> None:
    older = replace(CRITICAL, rule="older", failing_since=NOW - timedelta(days=9))
    unknown = replace(CATEGORY, rule="unknown", severity="new", failing_since=None)
    warning = replace(CATEGORY, severity="warning")

    summary = summarise(replace(EMPTY, verdicts=(unknown, INFO, warning, GOOD, ROW, CRITICAL, older)))

    assert summary.failing == (older, CRITICAL, ROW, warning, INFO, unknown)
    assert summary.blocking == (older, CRITICAL)


def test_tables_show_their_failures_first_and_their_worst_state() -> None:
    verdicts = (GOOD, replace(CRITICAL, table="a"), replace(ROW, table="a"), replace(GOOD, table="a"))

    summary = summarise(replace(EMPTY, verdicts=verdicts))

    first, second = summary.tables
    assert (first.table, first.state, first.failing) == ("a", "failed", 2)
    assert [verdict.success for verdict in first.verdicts] == [False, False, True]
    assert (second.table, second.state, second.failing) == (GOOD.table, "passed", 0)


def test_figures_are_counted_by_lane_and_a_rule_on_two_tables_once() -> None:
    other_table = replace(GOOD, table="gold.pin_features_batch")
    verdicts = (GOOD, other_table, replace(ROW, lane="stream"))

    summary = summarise(replace(EMPTY, verdicts=verdicts, reasons=(WAITING,)))

    assert summary.lanes == (LaneFigures("batch", 1, 0, 1_234), LaneFigures("stream", 1, 1, 0))
    assert count_rules(verdicts) == 2


@given(st.integers(0, 10**9))
def test_a_number_has_its_noun_in_singular_or_plural(number: int) -> None:
    assert format_count(number, "row") == f"{number:,} row" + ("" if number == 1 else "s")
    assert format_count(number, "entry", "entries").split()[1] == ("entry" if number == 1 else "entries")
