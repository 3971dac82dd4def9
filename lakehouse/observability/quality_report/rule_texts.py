"""What each rule says and measures, from the suites and from parsing."""

from __future__ import annotations

import json

from lakehouse.catalog.tables import TABLES
from lakehouse.observability.quality_report.model import Said
from lakehouse.quality.rules import Rule
from lakehouse.quality.suites import load_suite
from lakehouse.silver import parsing


def read() -> dict[str, Said]:
    """Return every rule's sentence and unit by its id.

    Raises:
        TerminalError: a suite is not usable.
    """
    suites = [load_suite(table) for table in TABLES if table.suite]
    rules = (*parsing.RULES, *(rule for suite in suites for rule in suite.rules))
    return {rule.id: Said(rule.sentence, _unit(rule)) for rule in rules}


def _unit(rule: Rule) -> str:
    return str(json.loads(rule.expectation)["meta"].get("unit", "")) if rule.expectation else ""
