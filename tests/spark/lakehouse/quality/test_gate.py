"""The gate: which rows it refuses, why, and how many rows each rule was evaluated on."""

from __future__ import annotations

import json

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import FAILED_RULES
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import Gate
from lakehouse.quality.gx_adapter import Predicate
from lakehouse.quality.suite_model import Rule, Severity, Suite

PARSING = (Rule("value.missing", "critical", "There is a value.", ()),)


def _rule(name: str, severity: Severity, *columns: str) -> Rule:
    return Rule(name, severity, f"Rule {name}.", columns)


def _gate() -> Gate:
    suite = Suite(
        "silver_pins",
        (
            _rule("small", "critical", "number"),
            _rule("even", "warning", "number"),
            _rule("named", "critical", "number", "name"),
        ),
        "fingerprint",
    )
    number, name = F.col("number"), F.col("name")
    predicates = {
        "small": Predicate(None, F.coalesce(number > 10, F.lit(False))),
        "even": Predicate(None, F.coalesce(number % 2 == 1, F.lit(False))),
        # Applies only to large numbers.
        "named": Predicate(number > 100, (number > 100) & name.isNull()),
    }
    return Gate(BATCH.silver, suite, predicates)


def _checked(spark: SparkSession, gate: Gate) -> DataFrame:
    rows = [
        ("good", 2, "x", []),
        ("odd", 3, "x", []),
        ("large", 12, None, []),
        ("all", 101, None, []),
        ("unparsed", 101, None, ["value.missing"]),
    ]
    frame = spark.createDataFrame(rows, "id string, number int, name string, reasons array<string>")
    return gates.check_rows(frame, gate)


def test_rows_are_refused_by_critical_rules_and_never_after_parsing_has_refused_them(
    spark: SparkSession,
) -> None:
    gate = _gate()

    rows = {row.id: row for row in _checked(spark, gate).collect()}

    assert {name: (row.reasons, row.broken) for name, row in rows.items()} == {
        "good": ([], []),
        "odd": ([], ["even"]),
        "large": (["small"], ["small"]),
        "all": (["small", "named"], ["small", "even", "named"]),
        "unparsed": (["value.missing"], ["value.missing"]),
    }


def test_valid_and_invalid_rows_are_all_rows_and_the_invalid_are_explained(spark: SparkSession) -> None:
    gate = _gate()
    checked = _checked(spark, gate)

    valid = [row.id for row in gates.valid_rows(checked).collect()]
    invalid_rows = gates.invalid_rows(checked, gate, parsing=PARSING)
    invalid = {row.id: row for row in invalid_rows.collect()}

    assert sorted(valid) == ["good", "odd"]
    assert sorted(invalid) == ["all", "large", "unparsed"]
    assert invalid_rows.schema["broken"].dataType == FAILED_RULES
    assert [(entry.rule, entry.severity, entry.observed) for entry in invalid["all"].broken] == [
        ("small", "critical", "101"),
        ("even", "warning", "101"),
        ("named", "critical", "101, null"),
    ]
    assert invalid["large"].broken[0].sentence == "Rule small."
    # A row that could not be parsed was refused by no suite.
    assert (invalid["all"].suite, invalid["unparsed"].suite) == ("fingerprint", None)
    assert [(entry.rule, entry.observed) for entry in invalid["unparsed"].broken] == [("value.missing", None)]


def test_counts_are_of_the_rows_that_a_rule_applies_to(spark: SparkSession) -> None:
    gate = _gate()

    result = gates.count_violations(_checked(spark, gate), gate, parsing=PARSING)

    assert result.counts == StepMetrics(read=5, written=2, quarantined=3)
    assert [(count.rule.id, count.evaluated, count.unexpected) for count in result.rules] == [
        ("value.missing", 5, 1),
        ("small", 4, 2),
        ("even", 4, 2),
        ("named", 1, 1),
    ]


def test_a_rule_that_spark_cannot_evaluate_is_found_with_all_others(spark: SparkSession) -> None:
    def configured(name: str, column: str) -> Rule:
        entry = {
            "type": "expect_column_values_to_match_regex",
            "kwargs": {"column": column, "regex": "([a" if name == "broken" else "^a"},
            "severity": "critical",
            "meta": {"id": name, "sentence": "-"},
        }
        return Rule(name, "critical", "-", (column,), "row", json.dumps(entry))

    suite = Suite("silver_pins", (configured("sound", "title"), configured("broken", "title")), "fingerprint")

    (error,) = gates.find_compile_errors(spark, BATCH.silver, suite)

    assert "broken" in str(error)
    assert gates.find_compile_errors(spark, BATCH.silver, Suite("s", suite.rules[:1], "f")) == []
