"""Great Expectations' judgement of rules on a table as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from lakehouse.quality.gx_adapter import EVALUATION_ERRORS, RESULT_FORMAT, build_expectation, rule_error
from lakehouse.quality.gx_imports import Expectation, SparkDFExecutionEngine
from lakehouse.quality.gx_metrics import Values, compute_metrics
from lakehouse.quality.suite_model import Rule


@dataclass(frozen=True)
class RuleOutcome:
    """The outcome of one rule on a table; lakehouse.catalog.schemas.RESULTS describes its fields."""

    rule: Rule
    evaluated: int
    unexpected: int | None
    observed: str | None
    success: bool


def validate(rows: DataFrame, rules: Sequence[Rule]) -> list[RuleOutcome]:
    """Evaluate rules on rows as a whole. Costs one job, or more: see `lakehouse.quality.gx_metrics`.

    Args:
        rows: the rows.
        rules: rules of any kind.

    Returns:
        One outcome per rule; none if there are no rows.

    Raises:
        TerminalError: a rule cannot be evaluated.
    """
    engine = SparkDFExecutionEngine(spark=rows.sparkSession, persist=False)
    engine.load_batch_data("rows", rows)
    try:
        return _validate(engine, rows, rules)
    except EVALUATION_ERRORS:
        for rule in rules:
            try:
                _validate(engine, rows, [rule])
            except EVALUATION_ERRORS as error:
                raise rule_error(rule, error) from error
        raise


def _validate(engine: SparkDFExecutionEngine, rows: DataFrame, rules: Sequence[Rule]) -> list[RuleOutcome]:
    expectations = [build_expectation(json.loads(rule.expectation)) for rule in rules]
    metrics = [
        metric
        for expectation in expectations
        for metric in expectation.get_validation_dependencies(engine, _runtime()).get_metric_configurations()
    ]
    count, values = compute_metrics(engine, rows, metrics)
    if not count:
        return []
    return [
        _judge(engine, rule, expectation, values=values, count=count)
        for rule, expectation in zip(rules, expectations, strict=True)
    ]


def _judge(
    engine: SparkDFExecutionEngine, rule: Rule, expectation: Expectation, *, values: Values, count: int
) -> RuleOutcome:
    result = expectation.metrics_validate(values, _runtime(), engine)
    details = result.result
    observed = details.get("observed_value")
    unexpected = details.get("unexpected_count")
    return RuleOutcome(
        rule=rule,
        evaluated=int(details.get("element_count") or count),
        unexpected=None if unexpected is None else int(unexpected),
        observed=None if observed is None else json.dumps(observed, default=str),
        success=bool(result.success),
    )


def _runtime() -> dict[str, Any]:
    # Great Expectations adds to what it is given.
    return {"result_format": dict(RESULT_FORMAT)}
