"""Every rule that can fail has a sentence for the report, and its unit if it measures a number."""

from __future__ import annotations

from lakehouse.catalog.tables import TABLES
from lakehouse.observability.quality_report.rule_texts import load_rule_texts
from lakehouse.quality.suites import load_suite
from lakehouse.silver import parsing


def test_rules_of_every_suite_and_of_parsing_have_their_sentences() -> None:
    texts = load_rule_texts()

    rules = [rule for table in TABLES if table.suite for rule in load_suite(table).rules]
    assert {rule.id: rule.sentence for rule in (*parsing.RULES, *rules)} == {
        name: text.sentence for name, text in texts.items()
    }


def test_only_a_rule_that_measures_something_has_a_unit() -> None:
    texts = load_rule_texts()

    units = {name: text.unit for name, text in texts.items() if text.unit}
    assert units["silver.quarantined_share.low"] == "share"
    assert {rule.id for rule in parsing.RULES} & set(units) == set()
