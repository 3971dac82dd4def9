"""The gate in Polars: the critical row rules of the suites, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks.handwritten.gate import check, load_critical_rules, valid_rows
from foundation.errors import TerminalError


def _row(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - values of any column
    valid = {"unique_id": "a", "event_id": "b", "follower_count": 3, "category": "art", "reason": None}
    return valid | changes


def _checked(*rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict.fromkeys(("unique_id", "event_id", "category", "reason"), pl.String)
    frame = pl.DataFrame(rows, schema=pl.Schema({**schema, "follower_count": pl.Int32}))
    return check(frame, load_critical_rules("silver_pins"))


def test_a_row_that_breaks_critical_rules_gets_their_names() -> None:
    rows = _checked(
        _row(),
        _row(category=None, follower_count=None),
        _row(category="x" * 100, follower_count=1_000_000_000),
        _row(category="\u6f22" * 101, follower_count=1_000_000_001),
        _row(unique_id=None, reason="value.missing"),
    )
    assert rows["reasons"].to_list() == [
        [],
        [],
        [],
        ["silver.follower_count.plausible", "silver.category.short"],
        ["value.missing"],
    ]
    assert len(valid_rows(rows)) == 3


def test_rules_of_other_severities_and_of_the_table_are_left_out() -> None:
    assert list(load_critical_rules("gold_pin_features")) == [
        "gold.event_id.present",
        "gold.follower_count.plausible",
    ]


def test_a_critical_rule_that_it_does_not_know_is_an_error(tmp_path: Path) -> None:
    rule = {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "category", "regex": "x"},
        "severity": "critical",
        "meta": {"id": "new"},
    }
    (tmp_path / "suite.json").write_text(json.dumps({"expectations": [rule]}))
    with pytest.raises(TerminalError, match="does not know expect_column_values_to_match_regex"):
        load_critical_rules("suite", folder=tmp_path)
