"""Audits without Spark: a suite's table rules fail on the rows that name them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pyspark.sql import DataFrame

from foundation.errors import TerminalError
from lakehouse.catalog.tables import Table
from lakehouse.quality import audit, results
from lakehouse.quality.gx_validation import RuleOutcome
from lakehouse.quality.suite_model import Rule
from tests.unit.lakehouse.in_memory_lake import InMemoryLake, Rows

BREAKS = "breaks"
CANNOT_BE_EVALUATED = "a rule that cannot be evaluated"


def evaluate_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what needs Spark: Great Expectations, measured columns, and frames of rows.

    A row {"breaks": id} breaks the rule with that id. The rule silver.quarantined_share.bearable is broken as
    in the product: by a share above one half.
    """
    monkeypatch.setattr(results, "dataframe_from_rows", lambda spark, rows, schema: Rows(rows))
    monkeypatch.setattr(audit, "add_measures", _add_measures)
    monkeypatch.setattr(audit, "validate", _validate)
    monkeypatch.setattr(audit, "read_added", _read_added)


def _read_added(lake: InMemoryLake, table: Table, *, since: int, version: int) -> Rows:
    states = lake.versions[table.full_name]
    return Rows(states[version][len(states[since]) :])


def _add_measures(rows: Rows, *, quarantined_share: float) -> Rows:
    return Rows([{**row, "quarantined_share": quarantined_share} for row in rows.rows])


def _validate(dataframe: DataFrame, rules: Sequence[Rule]) -> list[RuleOutcome]:
    assert isinstance(dataframe, Rows)
    rows = dataframe.rows
    if not rows:
        return []
    if any(row.get(BREAKS) == CANNOT_BE_EVALUATED for row in rows):
        raise TerminalError(CANNOT_BE_EVALUATED, where="the suite", hint="Fix it.")
    broken = {rule.id: sum(row.get(BREAKS) == rule.id for row in rows) for rule in rules}
    share = rows[0]["quarantined_share"]
    broken["silver.quarantined_share.bearable"] = len(rows) if share > 0.5 else 0
    return [
        RuleOutcome(rule, len(rows), broken[rule.id], str(share), success=not broken[rule.id])
        for rule in rules
    ]
