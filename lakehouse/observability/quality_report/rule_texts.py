"""Sentence and unit of each rule, from the suites and from parsing."""

from __future__ import annotations

import json

from lakehouse.catalog.tables import TABLES
from lakehouse.observability.quality_report.model import RuleText
from lakehouse.quality.suite_model import Rule
from lakehouse.quality.suites import load_suite
from lakehouse.silver import parsing


def load_rule_texts() -> dict[str, RuleText]:
    """Return the sentence and unit of every rule, by rule id.

    Raises:
        TerminalError: a suite is not valid.
    """
    suites = [load_suite(table) for table in TABLES if table.suite]
    rules = (*parsing.RULES, *(rule for suite in suites for rule in suite.rules))
    return {rule.id: RuleText(rule.sentence, _unit(rule)) for rule in rules}


def _unit(rule: Rule) -> str:
    return str(json.loads(rule.expectation)["meta"].get("unit", "")) if rule.expectation else ""
