"""Adapter to Great Expectations: with gx_metrics and gx_validation, all that depends on its internals.

Map expectations become column predicates: the expectation's own metric is asked for its condition, on a frame
without rows, so that no job runs. TESTED is the version of Great Expectations that this was tested with.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from foundation.errors import TerminalError, first_line
from lakehouse.quality.gx_imports import (
    Condition,
    Expectation,
    ExpectationConfiguration,
    GreatExpectationsError,
    MetricConfiguration,
    MetricsCalculator,
    PassThroughCondition,
    SparkDFExecutionEngine,
    deserialize_row_condition,
    get_metric_provider,
)
from lakehouse.quality.suite_model import Kind, Rule

TESTED = "1.24.1"

_ROW = frozenset(
    {
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_not_match_regex_list",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_not_match_like_pattern",
        "expect_column_values_to_be_null",
        "expect_column_values_to_not_be_null",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_a_to_be_greater_than_b",
    }
)
# These call Python for every row.
_UNSUPPORTED = frozenset(
    {
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_strftime_format",
    }
)
EVALUATION_ERRORS = (GreatExpectationsError, PySparkException, ValueError, TypeError, KeyError)

# Counts unexpected values without fetching any.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Predicate:
    """A row rule as Spark columns.

    Attributes:
        applies: whether the rule applies to the row; None if it applies to every row.
        violated: whether the row breaks the rule; never null.
    """

    applies: Column | None
    violated: Column


def rule_kind(entry: dict[str, Any]) -> Kind:
    """Return "row" if an expectation can be evaluated on single rows, else "table".

    Args:
        entry: type, kwargs, severity and meta, as in a suite's JSON.

    Raises:
        ValueError: the expectation is unknown, its arguments are wrong, or it runs Python for every row.
    """
    kind = entry.get("type")
    if kind in _UNSUPPORTED:
        raise ValueError(f"{kind} would run Python for every row")
    build_expectation(entry)
    evaluates_rows = kind in _ROW and entry["kwargs"].get("mostly", 1) == 1
    return "row" if evaluates_rows else "table"


def compile_predicates(
    spark: SparkSession, rules: Sequence[Rule], schema: StructType
) -> dict[str, Predicate]:
    """Return the predicate of each row rule, by rule id, for rows of a schema. Runs no job.

    Raises:
        TerminalError: Great Expectations or Spark rejects a rule.
    """
    return dict(_compile_once(spark, tuple(rules), schema))


# Both lanes have nearly the same rules and schemas, and every step of a process opens its gates.
@lru_cache(maxsize=32)
def _compile_once(spark: SparkSession, rules: Sequence[Rule], schema: StructType) -> dict[str, Predicate]:
    engine = SparkDFExecutionEngine(spark=spark, persist=False)
    row = spark.sql("SELECT 1").select(*map(_sample, schema))
    engine.load_batch_data("rows", row.where("false"))
    try:
        return _predicates(engine, rules, row)
    except EVALUATION_ERRORS:
        for rule in rules:
            try:
                _predicates(engine, [rule], row)
            except EVALUATION_ERRORS as error:
                raise rule_error(rule, error) from error
        raise


def check_supported(spark: SparkSession, rules: Sequence[Rule], schema: StructType) -> None:
    """Check that Spark can evaluate table rules. Runs no job.

    Args:
        spark: the session.
        rules: the rules.
        schema: the columns of the table and those that an audit adds.

    Raises:
        TerminalError: Spark cannot evaluate a rule.
    """
    _check_once(spark, tuple(rules), schema)


@lru_cache(maxsize=32)
def _check_once(spark: SparkSession, rules: Sequence[Rule], schema: StructType) -> None:
    engine = SparkDFExecutionEngine(spark=spark, persist=False)
    compile_predicates(
        spark, [rule for rule in rules if json.loads(rule.expectation)["type"] in _ROW], schema
    )
    for rule in rules:
        try:
            dependencies = build_expectation(json.loads(rule.expectation)).get_validation_dependencies(
                execution_engine=engine, runtime_configuration={"result_format": RESULT_FORMAT}
            )
            for name in dependencies.get_metric_names():
                get_metric_provider(metric_name=name, execution_engine=engine)
        except EVALUATION_ERRORS as error:
            raise rule_error(rule, error) from error


def rule_error(rule: Rule, error: Exception | str) -> TerminalError:
    """Return the error for a rule that cannot be evaluated."""
    return TerminalError(
        f"this rule cannot be evaluated: {first_line(error)}",
        where=f"{rule.file}, rule {rule.id}" if rule.file else f"rule {rule.id}",
        hint="Fix it in expectations/, then run `pinlake quality check-suites`.",
    )


def build_expectation(entry: dict[str, Any]) -> Expectation:
    """Return Great Expectations' own object for an entry of a suite.

    Raises:
        ValueError: the expectation is unknown, or its arguments are wrong.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return ExpectationConfiguration(**entry).to_domain_obj()
        except (GreatExpectationsError, ValueError, TypeError) as error:
            raise ValueError(" ".join(str(error).split())) from error


def _predicates(
    engine: SparkDFExecutionEngine, rules: Sequence[Rule], row: DataFrame
) -> dict[str, Predicate]:
    """Compile rules together, because they share the metrics of the frame, and try them on one row."""
    expectations = {rule.id: build_expectation(json.loads(rule.expectation)) for rule in rules}
    conditions = {name: _condition(engine, expectation) for name, expectation in expectations.items()}
    resolved = _resolve(engine, list(conditions.values()))
    predicates = {
        name: _predicate(resolved[condition.id][0], _domain(engine, expectations[name]))
        for name, condition in conditions.items()
    }
    # Spark's optimizer evaluates them and so finds what only evaluation shows, such as an invalid regex.
    row.select(*(predicate.violated for predicate in predicates.values())).collect()
    return predicates


def _condition(engine: SparkDFExecutionEngine, expectation: Any) -> MetricConfiguration:  # noqa: ANN401 - has no public type
    dependencies = expectation.get_validation_dependencies(execution_engine=engine, runtime_configuration={})
    count = dependencies.metric_configurations[f"{expectation.map_metric}.unexpected_count"]
    return MetricConfiguration(
        metric_name=f"{expectation.map_metric}.condition",
        metric_domain_kwargs=count.metric_domain_kwargs,
        metric_value_kwargs=count.metric_value_kwargs,
    )


def _predicate(unexpected: Column, applies: Column | None) -> Predicate:
    violated = F.coalesce(unexpected if applies is None else applies & unexpected, F.lit(False))
    return Predicate(applies, violated)


def _resolve(engine: SparkDFExecutionEngine, metrics: list[MetricConfiguration]) -> dict[Any, Any]:
    """Return metrics by id. get_metric() would log tracebacks and raise a KeyError that names no reason."""
    calculator = MetricsCalculator(engine)
    graph = calculator.build_metric_dependency_graph(metrics)
    resolved, aborted = calculator.resolve_validation_graph(graph)
    for failure in aborted.values():
        raise ValueError(failure["exception_info"].exception_message)
    return resolved


def _sample(column: StructField) -> Column:
    value = "" if isinstance(column.dataType, StringType) else None
    return F.lit(value).cast(column.dataType).alias(column.name)


def _domain(engine: SparkDFExecutionEngine, expectation: Any) -> Column | None:  # noqa: ANN401 - has no public type
    parts = []
    condition = deserialize_row_condition(expectation.row_condition)
    if isinstance(condition, PassThroughCondition):
        parts.append(F.expr(condition.pass_through_filter))
    elif isinstance(condition, Condition):
        parts.append(F.expr(engine.condition_to_filter_clause(condition)))
    ignore = getattr(expectation, "ignore_row_if", "neither")
    if ignore != "neither":
        missing = [F.col(expectation.column_A).isNull(), F.col(expectation.column_B).isNull()]
        both = ignore == "both_values_are_missing"
        parts.append(~(missing[0] & missing[1] if both else missing[0] | missing[1]))
    if not parts:
        return None
    return F.coalesce(reduce(Column.__and__, parts), F.lit(False))
