"""The figures that one job computes lead to the judgements of Great Expectations' own rounds of jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql.types import IntegerType, StringType, StructField, StructType

from foundation.errors import TerminalError
from lakehouse.quality import gx_adapter as gx
from lakehouse.quality.gx_validation import RuleOutcome, validate
from tests.costs import count_jobs
from tests.spark.lakehouse.quality import great_expectations_validation
from tests.suites import make_rule

SCHEMA = StructType(
    [
        StructField("number", IntegerType()),
        StructField("other", IntegerType()),
        StructField("text", StringType()),
    ]
)
POSITIVE = {"type": "comparison", "column": {"name": "other"}, "operator": ">", "parameter": 0}


TOGETHER = [
    make_rule("rows", "table_row_count_to_be_between", min_value=3),
    make_rule("unique", "column_values_to_be_unique", column="number"),
    make_rule("mostly_unique", "column_values_to_be_unique", column="text", mostly=0.5),
    make_rule("both_unique", "compound_columns_to_be_unique", column_list=["number", "text"]),
    make_rule("max", "column_max_to_be_between", column="number", max_value=2),
    make_rule("min", "column_min_to_be_between", column="number", min_value=0),
    make_rule("mean", "column_mean_to_be_between", column="number", min_value=0),
    make_rule("sum", "column_sum_to_be_between", column="number", max_value=4),
    make_rule("mostly", "column_values_to_be_between", column="number", min_value=0, mostly=0.6),
    make_rule("filled", "column_proportion_of_non_null_values_to_be_between", column="text", min_value=0.5),
]
APART = [
    make_rule("some_unique", "column_values_to_be_unique", column="number", row_condition=POSITIVE),
    make_rule(
        "some_filled", "column_values_to_not_be_null", column="text", row_condition=POSITIVE, mostly=0.5
    ),
    make_rule(
        "pair",
        "column_pair_values_to_be_equal",
        column_A="number",
        column_B="other",
        ignore_row_if="either_value_is_missing",
        mostly=0.5,
    ),
    make_rule(
        "complete_unique",
        "compound_columns_to_be_unique",
        column_list=["number", "text"],
        ignore_row_if="any_value_is_missing",
    ),
    make_rule("increasing", "column_values_to_be_increasing", column="number"),
    make_rule("median", "column_median_to_be_between", column="number", max_value=3),
    make_rule("deviation", "column_stdev_to_be_between", column="number", max_value=2),
    make_rule("kinds", "column_unique_value_count_to_be_between", column="text", max_value=2),
    make_rule("distinct", "column_distinct_values_to_be_in_set", column="text", value_set=["a", "b"]),
    make_rule(
        "range", "column_value_z_scores_to_be_less_than", column="number", threshold=1, double_sided=True
    ),
]
VALUES = st.tuples(
    st.none() | st.integers(-3, 5),
    st.none() | st.integers(-2, 2),
    st.none() | st.sampled_from(["", "a", "b"]),
)


@given(rows=st.lists(VALUES, min_size=1, max_size=8))
@settings(max_examples=3)
def test_judgements_are_those_of_great_expectations(
    spark: SparkSession, rows: Sequence[tuple[int | None, int | None, str | None]]
) -> None:
    # Without a number the mean and the like do not exist, and Great Expectations fails instead of judging.
    frame = spark.createDataFrame([(1, 1, "a"), (3, 0, "b"), *rows], SCHEMA).coalesce(1).cache()
    rules = [*TOGETHER, *APART]

    outcomes = {outcome.rule.id: outcome for outcome in validate(frame, rules)}

    expected = great_expectations_validation.validate(frame, rules, gx.RESULT_FORMAT)
    for name, result in expected.items():
        outcome, details = outcomes[name], result.result
        observed = None if outcome.observed is None else json.loads(outcome.observed)
        assert (name, outcome.success) == (name, bool(result.success))
        assert (name, outcome.unexpected) == (name, details.get("unexpected_count"))
        # The rows are in another order, so that sums of fractions may differ in the last digit.
        assert (name, observed) == (name, pytest.approx(details.get("observed_value")))
        assert outcome.evaluated == details.get("element_count", len(rows) + 2)


def test_figures_without_a_condition_cost_one_job(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, 1, "a"), (1, 2, None)], SCHEMA).coalesce(1).localCheckpoint()
    outcomes: list[RuleOutcome] = []

    jobs = count_jobs(spark, lambda: outcomes.extend(validate(frame, TOGETHER)))

    assert [outcome.evaluated for outcome in outcomes] == [2] * len(TOGETHER)
    assert jobs == 1


def test_without_rows_there_is_nothing_to_judge(spark: SparkSession) -> None:
    assert validate(spark.createDataFrame([], SCHEMA), TOGETHER) == []


def test_a_rule_that_fails_on_its_values_is_named(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, 1, "a")], SCHEMA)
    text_as_number = make_rule("text_as_number", "column_mean_to_be_between", column="text", max_value=1)

    with pytest.raises(TerminalError) as raised:
        validate(frame, [TOGETHER[0], text_as_number])

    assert "rule text_as_number" in str(raised.value)
