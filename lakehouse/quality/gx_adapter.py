"""Great Expectations, and all that is known here of its insides.

Its map expectations are turned into column predicates by asking its own metric for the condition, on a frame
without rows: no job runs. Whatever relies on that is in this module; it was written against version TESTED.
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from foundation.errors import TerminalError
from lakehouse.quality.rules import Kind, Rule

# It looks for parts of pyspark that are not needed here, and says on standard error that they are missing.
with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as great
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.registry import get_metric_provider
    from great_expectations.expectations.row_conditions import (
        Condition,
        PassThroughCondition,
        deserialize_row_condition,
    )
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.metrics_calculator import MetricsCalculator

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
# They call Python for every row.
_REFUSED = frozenset(
    {
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_strftime_format",
    }
)
_REFUSALS = (GreatExpectationsError, PySparkException, ValueError, TypeError, KeyError)
# Counts what is unexpected, and fetches none of it.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Predicate:
    """A row rule as columns.

    Attributes:
        applies: whether the rule judges the row; None if it judges every one.
        broken: whether the row breaks it; never null.
    """

    applies: Column | None
    broken: Column


@dataclass(frozen=True)
class RuleOutcome:
    """What a validation found of one rule; see lakehouse.catalog.schemas.RESULTS."""

    rule: Rule
    evaluated: int
    unexpected: int | None
    observed: str | None
    success: bool


def rule_kind(entry: dict[str, Any]) -> Kind:
    """Return whether an expectation can judge single rows.

    Args:
        entry: type, kwargs, severity and meta, as in a suite's JSON.

    Raises:
        ValueError: it is unknown, its arguments are wrong, or it runs Python row by row.
    """
    kind = entry.get("type")
    if kind in _REFUSED:
        raise ValueError(f"{kind} would run Python for every row")
    _expectation(entry)
    judges_rows = kind in _ROW and entry["kwargs"].get("mostly", 1) == 1
    return "row" if judges_rows else "table"


def compile_predicates(
    spark: SparkSession, rules: Sequence[Rule], schema: StructType
) -> dict[str, Predicate]:
    """Return each row rule as columns over rows of a schema. Runs no job.

    Raises:
        TerminalError: Great Expectations or Spark refuses a rule.
    """
    engine = SparkDFExecutionEngine(spark=spark, persist=False)
    row = spark.sql("SELECT 1").select(*map(_sample, schema))
    engine.load_batch_data("rows", row.where("false"))
    try:
        return _predicates(engine, rules, row)
    except _REFUSALS:
        for rule in rules:
            try:
                _predicates(engine, [rule], row)
            except _REFUSALS as error:
                raise rule_error(rule, error) from error
        raise


def check_supported(spark: SparkSession, rules: Sequence[Rule], schema: StructType) -> None:
    """Make sure that Spark can do all that table rules need. Runs no job.

    Args:
        spark: the session.
        rules: the rules.
        schema: of the table, and what is measured beside it.

    Raises:
        TerminalError: it cannot.
    """
    engine = SparkDFExecutionEngine(spark=spark, persist=False)
    compile_predicates(
        spark, [rule for rule in rules if json.loads(rule.expectation)["type"] in _ROW], schema
    )
    for rule in rules:
        try:
            needed = _expectation(json.loads(rule.expectation)).get_validation_dependencies(
                execution_engine=engine, runtime_configuration={"result_format": _RESULT_FORMAT}
            )
            for name in needed.get_metric_names():
                get_metric_provider(metric_name=name, execution_engine=engine)
        except _REFUSALS as error:
            raise rule_error(rule, error) from error


def validate(rows: DataFrame, rules: Sequence[Rule]) -> list[RuleOutcome]:
    """Judge rows as a whole. About one job a rule, and a shuffle for each that asks for uniqueness.

    Args:
        rows: not empty.
        rules: of any kind.

    Raises:
        TerminalError: a rule could not be judged.
    """
    context = great.get_context(mode="ephemeral", project_config=_configuration())
    source = context.data_sources.add_spark("spark", persist=False)
    batch = (
        source.add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": rows})
    )
    suite = great.ExpectationSuite(name="rules")
    for rule in rules:
        suite.add_expectation(_expectation(json.loads(rule.expectation)))
    judged = batch.validate(suite, result_format=_RESULT_FORMAT)
    by_id = {_id(result): result for result in judged.results}
    total = max((result.result.get("element_count") or 0 for result in judged.results), default=0)
    return [_outcome(rule, by_id[rule.id], total) for rule in rules]


def rule_error(rule: Rule, error: Exception | str) -> TerminalError:
    """Return the error of a rule that cannot be judged."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else "unknown"
    return TerminalError(
        f"this rule cannot be judged: {reason}",
        where=f"{rule.file}, rule {rule.id}" if rule.file else f"rule {rule.id}",
        hint="Correct it in expectations/, then run `pinlake quality check-suites`.",
    )


def _configuration() -> DataContextConfig:
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )


def _expectation(entry: dict[str, Any]) -> Expectation:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return ExpectationConfiguration(**entry).to_domain_obj()
        except (GreatExpectationsError, ValueError, TypeError) as error:
            raise ValueError(" ".join(str(error).split())) from error


def _predicates(
    engine: SparkDFExecutionEngine, rules: Sequence[Rule], row: DataFrame
) -> dict[str, Predicate]:
    """Compile rules together, as what they ask of the frame is the same for all; try them on a row."""
    expectations = {rule.id: _expectation(json.loads(rule.expectation)) for rule in rules}
    conditions = {name: _condition(engine, expectation) for name, expectation in expectations.items()}
    resolved = _resolved(engine, list(conditions.values()))
    found = {
        name: _predicate(resolved[condition.id][0], _domain(engine, expectations[name]))
        for name, condition in conditions.items()
    }
    # Spark's optimizer computes them, and finds what only computing shows: a regex that is none.
    row.select(*(predicate.broken for predicate in found.values())).collect()
    return found


def _condition(engine: SparkDFExecutionEngine, expectation: Any) -> MetricConfiguration:  # noqa: ANN401 - has no public type
    needed = expectation.get_validation_dependencies(execution_engine=engine, runtime_configuration={})
    count = needed.metric_configurations[f"{expectation.map_metric}.unexpected_count"]
    return MetricConfiguration(
        metric_name=f"{expectation.map_metric}.condition",
        metric_domain_kwargs=count.metric_domain_kwargs,
        metric_value_kwargs=count.metric_value_kwargs,
    )


def _predicate(unexpected: Column, applies: Column | None) -> Predicate:
    broken = F.coalesce(unexpected if applies is None else applies & unexpected, F.lit(False))
    return Predicate(applies, broken)


def _resolved(engine: SparkDFExecutionEngine, metrics: list[MetricConfiguration]) -> dict[Any, Any]:
    """Return metrics by id; get_metric() would log whole tracebacks and raise a KeyError without a reason."""
    calculator = MetricsCalculator(engine)
    graph = calculator.build_metric_dependency_graph(metrics)
    found, aborted = calculator.resolve_validation_graph(graph)
    for told in aborted.values():
        raise ValueError(told["exception_info"].exception_message)
    return found


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
    ignored = getattr(expectation, "ignore_row_if", "neither")
    if ignored != "neither":
        missing = [F.col(expectation.column_A).isNull(), F.col(expectation.column_B).isNull()]
        both = ignored == "both_values_are_missing"
        parts.append(~(missing[0] & missing[1] if both else missing[0] | missing[1]))
    if not parts:
        return None
    return F.coalesce(reduce(Column.__and__, parts), F.lit(False))


def _id(result: Any) -> str:  # noqa: ANN401 - has no public type
    return str(result.expectation_config.meta["id"])


def _outcome(rule: Rule, result: Any, total: int) -> RuleOutcome:  # noqa: ANN401 - has no public type
    if trouble := _exception(result.exception_info or {}):
        raise rule_error(rule, trouble)
    found = result.result
    observed = found.get("observed_value")
    unexpected = found.get("unexpected_count")
    return RuleOutcome(
        rule=rule,
        evaluated=int(found.get("element_count") or total),
        unexpected=None if unexpected is None else int(unexpected),
        observed=None if observed is None else json.dumps(observed, default=str),
        success=bool(result.success),
    )


def _exception(info: dict[str, Any]) -> str | None:
    """The message of what went wrong: the information stands alone or once a metric."""
    for entry in (info, *info.values()):
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message") or "unknown")
    return None
