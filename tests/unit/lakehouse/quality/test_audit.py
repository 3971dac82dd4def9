"""Audits: one result per table rule of the version that was asked for; none for an empty one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse.catalog.tables import BATCH, STREAM
from lakehouse.quality import audit as audits
from lakehouse.quality.audit import AuditTarget, audit
from lakehouse.quality.suites import load_suite
from tests.unit.lakehouse.in_memory_lake import InMemoryLake
from tests.unit.lakehouse.quality.audits import BREAKS, evaluate_in_memory

UNIQUE = "silver.event.unique"


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> InMemoryLake:
    evaluate_in_memory(monkeypatch)
    return InMemoryLake()


def test_the_version_asked_for_is_audited_and_not_the_newest(lake: InMemoryLake) -> None:
    broken = lake.write(STREAM.silver, [{BREAKS: UNIQUE}, {BREAKS: UNIQUE}, {}])
    lake.write(STREAM.silver, [{}])

    results = audit(lake, AuditTarget(STREAM.silver, broken, quarantined_share=0.25), run_id="run")

    assert [result.rule for result in results if not result.success] == [UNIQUE]
    (result,) = (result for result in results if result.rule == UNIQUE)
    assert (result.evaluated, result.unexpected, result.observed) == (3, 2, "0.25")
    assert (result.table, result.version, result.lane) == ("silver.pins_stream", broken, "stream")
    assert (result.layer, result.severity, result.kind) == ("silver", "critical", "table")
    assert result.failed_critically


def test_only_rows_added_since_a_version_are_audited(lake: InMemoryLake) -> None:
    since = lake.write(STREAM.silver, [{BREAKS: UNIQUE}])
    version = lake.write(STREAM.silver, [{BREAKS: UNIQUE}, {}, {}])

    results = audit(lake, AuditTarget(STREAM.silver, version, since=since), run_id="run")

    assert {(result.version, result.evaluated, result.success) for result in results} == {(version, 2, True)}


def test_there_is_one_result_per_table_rule_of_one_run(lake: InMemoryLake) -> None:
    suite = load_suite(BATCH.features)

    results = audit(lake, AuditTarget(BATCH.features, lake.write(BATCH.features, [{}])), run_id="run")

    assert [result.rule for result in results] == [rule.id for rule in suite.table_rules]
    assert {(result.run_id, result.suite) for result in results} == {("run", suite.fingerprint)}
    assert len({result.at for result in results}) == 1


def test_an_empty_version_has_no_results(lake: InMemoryLake) -> None:
    assert audit(lake, AuditTarget(BATCH.silver, lake.write(BATCH.silver, [])), run_id="run") == []


def test_a_suite_without_table_rules_has_no_results(
    lake: InMemoryLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = load_suite(BATCH.silver)
    monkeypatch.setattr(audits, "load_suite", lambda table: replace(suite, rules=suite.row_rules))

    assert audit(lake, AuditTarget(BATCH.silver, lake.write(BATCH.silver, [{}])), run_id="run") == []
