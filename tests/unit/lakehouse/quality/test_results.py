"""Results of rules: gates' counts are summed until they are taken, and appended in one commit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from foundation.errors import UsageError
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, QUALITY_RESULTS, STREAM, Table
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality import results
from lakehouse.quality.gate import Gate, GateResult, RuleCount
from lakehouse.quality.results import GateStats, RuleResult, read_results
from lakehouse.quality.suite_model import Rule, Severity, Suite
from tests.unit.lakehouse.in_memory_lake import InMemoryLake, Rows

ROWS = Rows([]).dataframe
PLAUSIBLE = Rule("silver.follower_count.plausible", "critical", "A plausible number.", ("follower_count",))
PRESENT = Rule("silver.category.present", "warning", "A pin has a category.", ("category",))
RESULT = RuleResult(
    "run", "batch", "silver", "silver.pins_batch", 3, "rule", "critical", "table", 10, 1, "1", False, 0.5,
    "fingerprint", datetime(2026, 3, 1, tzinfo=UTC),
)  # fmt: skip


def _result(table: Table, counts: StepMetrics, *rules: RuleCount) -> GateResult:
    suite = Suite(table.suite, (PLAUSIBLE, PRESENT), "fingerprint")
    return GateResult(ROWS, Gate(table, suite, {}), counts, rules)


def test_counts_of_micro_batches_are_summed_per_rule_and_taken_once() -> None:
    stats = GateStats()
    for read, unexpected in ((10, 2), (5, 0)):
        counts = StepMetrics(read=read, quarantined=unexpected)
        rules = RuleCount(PLAUSIBLE, read, unexpected), RuleCount(PRESENT, read, 0)
        stats.add(_result(BATCH.silver, counts, *rules))

    rule_results, counts = stats.take(run_id="run", lane="batch")

    assert (counts.read, counts.quarantined) == (15, 2)
    assert [(row.rule, row.evaluated, row.unexpected, row.success) for row in rule_results] == [
        ("silver.follower_count.plausible", 15, 2, False),
        ("silver.category.present", 15, 0, True),
    ]
    first = rule_results[0]
    assert (first.table, first.layer, first.version, first.kind) == (
        "silver.pins_batch",
        "silver",
        None,
        "row",
    )
    assert (first.run_id, first.lane, first.suite, first.seconds) == ("run", "batch", "fingerprint", None)
    assert stats.take(run_id="run", lane="batch") == ([], StepMetrics())


def test_rows_are_counted_by_silvers_gate_alone() -> None:
    # Gold's gate checks the same rows again.
    stats = GateStats()
    stats.add(_result(BATCH.silver, StepMetrics(read=10, quarantined=4)))
    stats.add(_result(BATCH.features, StepMetrics(read=6, quarantined=1), RuleCount(PRESENT, 6, 1)))

    rule_results, counts = stats.take(run_id="run", lane="batch")

    assert counts == StepMetrics(read=10, quarantined=4)
    assert [row.table for row in rule_results] == ["gold.pin_features_batch"]


def test_rows_that_an_earlier_run_refused_are_not_counted_again() -> None:
    stats = GateStats()
    stats.add(_result(BATCH.silver, StepMetrics(read=10, quarantined=4)))

    stats.exclude_known(3)

    assert stats.take(run_id="run", lane="batch")[1] == StepMetrics(read=10, quarantined=1)


def test_counts_of_concurrent_gates_are_not_lost() -> None:
    stats = GateStats()
    result = _result(STREAM.silver, StepMetrics(read=1), RuleCount(PRESENT, 1, 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(stats.add, [result] * 400))

    ((row,), counts) = stats.take(run_id="run", lane="stream")
    assert (row.evaluated, row.unexpected, counts.read) == (400, 400, 400)


@pytest.mark.parametrize(
    ("severity", "success", "failed"),
    [("critical", False, True), ("critical", True, False), ("warning", False, False), ("info", False, False)],
)
def test_only_a_critical_rule_fails_critically(severity: Severity, success: bool, failed: bool) -> None:
    assert replace(RESULT, severity=severity, success=success).failed_critically == failed


def test_results_are_appended_in_one_commit_and_none_in_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "dataframe_from_rows", lambda spark, rows, schema: Rows(rows))
    lake = InMemoryLake()

    results.append(lake, [])
    assert not lake.exists(QUALITY_RESULTS)

    results.append(lake, [RESULT, replace(RESULT, rule="other")])
    results.append(lake, [replace(RESULT, rule="third")])
    assert [row["rule"] for row in lake.rows(QUALITY_RESULTS)] == ["rule", "other", "third"]
    assert lake.version(QUALITY_RESULTS) == 2
    # Delta would keep the number of a micro-batch in the table's log for ever.
    assert QUALITY_RESULTS.full_name not in lake.batches


def test_before_the_first_result_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "dataframe_from_rows", lambda spark, rows, schema: Rows(rows))

    assert read_results(InMemoryLake(), "silver.pins_batch", rule="rule").isEmpty()


@pytest.mark.parametrize("name", [CATEGORY_DAILY.full_name, BATCH.quarantine.full_name, "silver.pin", ""])
def test_a_table_without_a_suite_is_answered_with_those_that_have_one(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_results(InMemoryLake(), name)

    assert raised.value.what == f"{name} has no suite"
    assert raised.value.where == "quality history"
    assert "silver.pins_batch" in raised.value.hint
    assert "gold.pin_features_stream" in raised.value.hint
    assert CATEGORY_DAILY.full_name not in raised.value.hint
