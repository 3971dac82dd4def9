"""The gate in Polars: the critical row rules of a suite in expectations/."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.handwritten.cleaning import name_true
from foundation.errors import TerminalError

SUITES = Path(__file__).parents[2] / "expectations"

# Rules about a whole table, which no single row can break.
_TABLE_RULES = (
    "expect_table_",
    "expect_column_values_to_be_unique",
    "expect_compound_columns_",
    "expect_column_max_",
    "expect_column_mean_",
    "expect_column_min_",
    "expect_column_proportion_",
)


def _is_missing(column: pl.Expr, limits: dict[str, Any]) -> pl.Expr:
    return column.is_null()


def _is_outside(column: pl.Expr, limits: dict[str, Any]) -> pl.Expr:
    low, high = limits.get("min_value"), limits.get("max_value")
    is_low = pl.lit(False) if low is None else column < low
    return is_low if high is None else is_low | (column > high)


def _has_other_length(column: pl.Expr, limits: dict[str, Any]) -> pl.Expr:
    return _is_outside(column.str.len_chars(), limits)


_VIOLATIONS: dict[str, Callable[[pl.Expr, dict[str, Any]], pl.Expr]] = {
    "expect_column_values_to_not_be_null": _is_missing,
    "expect_column_values_to_be_between": _is_outside,
    "expect_column_value_lengths_to_be_between": _has_other_length,
}


def load_critical_rules(suite: str, *, folder: Path = SUITES) -> dict[str, pl.Expr]:
    """Return, by rule id, whether a row breaks each critical row rule of a suite.

    Args:
        suite: the file in the folder, without .json.
        folder: the folder of the suites.

    Raises:
        TerminalError: a critical rule is of a type that is not known here.
    """
    path = folder / f"{suite}.json"
    entries = json.loads(path.read_text())["expectations"]
    critical = (entry for entry in entries if entry["severity"] == "critical")
    return {
        entry["meta"]["id"]: _compile(entry, where=str(path))
        for entry in critical
        if not entry["type"].startswith(_TABLE_RULES)
    }


def check(rows: pl.DataFrame, rules: dict[str, pl.Expr]) -> pl.DataFrame:
    """Add `reasons`: why parsing refused the row, or the critical rules that it breaks; empty if it is valid.

    Args:
        rows: cleaned rows with `reason`, which is dropped.
        rules: see `load_critical_rules`.
    """
    refused = pl.concat_list("reason")
    reasons = pl.when(pl.col("reason").is_null()).then(name_true(rules)).otherwise(refused)
    return rows.with_columns(reasons.alias("reasons")).drop("reason")


def valid_rows(checked: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that break no critical rule."""
    return checked.filter(pl.col("reasons").list.len() == 0)


def _compile(entry: dict[str, Any], *, where: str) -> pl.Expr:
    violation = _VIOLATIONS.get(entry["type"])
    if violation is None or set(entry["kwargs"]) - {"column", "min_value", "max_value"}:
        raise TerminalError(
            f"the hand-written gate does not know {entry['type']} with these arguments",
            where=where,
            hint="Add it to benchmarks/handwritten/gate.py.",
        )
    return violation(pl.col(entry["kwargs"]["column"]), entry["kwargs"]).fill_null(False)
