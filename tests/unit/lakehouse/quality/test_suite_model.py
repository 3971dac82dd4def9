"""Rules of a suite: each is applied either by the gate or by an audit, in the order of the file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakehouse.quality.suite_model import Kind, Rule, Suite

KINDS: list[Kind] = ["row", "table"]


@given(st.lists(st.sampled_from(KINDS)))
def test_every_rule_is_applied_once(kinds: list[Kind]) -> None:
    rules = tuple(Rule(str(n), "info", "-", (), kind) for n, kind in enumerate(kinds))
    suite = Suite("silver_pins", rules, "fingerprint")

    assert sorted([*suite.row_rules, *suite.table_rules], key=rules.index) == list(rules)
    assert [rule.id for rule in suite.row_rules] == [str(n) for n, kind in enumerate(kinds) if kind == "row"]
