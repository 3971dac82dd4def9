"""The figures by which Great Expectations judges a table, computed by one job.

Left alone, Great Expectations asks for its figures in several rounds, each of which reads the table again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.quality.gx_adapter import EVALUATION_ERRORS
from lakehouse.quality.gx_imports import (
    MetricConfiguration,
    MetricsCalculator,
    SparkDFExecutionEngine,
    convert_to_json_serializable,
)

Values = dict[Any, Any]

# These describe a figure or the frame, so that no job computes them.
_PLANS = (".aggregate_fn", ".condition", "table.columns", "table.column_types")
_ROW_COUNT = "table.row_count"
_UNIQUE = ("column_values.unique.unexpected_count", "compound_columns.unique.unexpected_count")
_WITH_VALUES = "compound_columns.unique.filtered_row_count"
_ALL_MISSING = "all_values_are_missing"


def compute_metrics(
    engine: SparkDFExecutionEngine, rows: DataFrame, requested: Sequence[MetricConfiguration]
) -> tuple[int, Values]:
    """Return the number of rows, and the values of the metrics and of all that they depend on, by metric id.

    Costs one job for all aggregates without a condition on the rows, and for uniqueness, which also shuffles
    its columns. Great Expectations computes every other figure itself, with a job for each.

    Args:
        engine: has the rows as its batch.
        rows: the rows.
        requested: the metrics; examples of unexpected values are left out.

    Raises:
        GreatExpectationsError, PySparkException: a metric cannot be computed.
    """
    metrics = list(_with_dependencies(engine, requested))
    values = _plan(engine, metrics)
    count, computed = _aggregate(rows, _Figures.of(metrics, values))
    # No examples of values are asked for, yet Great Expectations runs a query for none of them.
    no_examples: Values = {
        metric.id: [] for metric in metrics if metric.metric_name.endswith(".unexpected_values")
    }
    values |= computed | no_examples
    _resolve(engine, metrics, values, is_wanted=lambda metric: True)
    return count, values


@dataclass(frozen=True)
class _Figures:
    """What one aggregate over all rows computes, by metric id.

    Attributes:
        aggregates: the aggregates.
        repeated: conditions with a window function, which are true for rows that share their values with
            others; the figure is the number of these rows.
    """

    aggregates: Values
    repeated: Values

    @classmethod
    def of(cls, metrics: Sequence[MetricConfiguration], values: Values) -> _Figures:
        pending = [metric for metric in metrics if metric.id not in values]
        aggregates, repeated = (
            {metric.id: column for metric in pending if (column := figure(metric, values)) is not None}
            for figure in (_aggregate_of, _repeated_by)
        )
        return cls(aggregates, repeated)


def _with_dependencies(
    engine: SparkDFExecutionEngine, requested: Sequence[MetricConfiguration]
) -> Iterator[MetricConfiguration]:
    graph = MetricsCalculator(engine, show_progress_bars=False).build_metric_dependency_graph(list(requested))
    ends = [end for edge in graph.edges for end in (edge.left, edge.right) if end is not None]
    yield from {end.id: end for end in ends}.values()


def _plan(engine: SparkDFExecutionEngine, metrics: Sequence[MetricConfiguration]) -> Values:
    """Return the values that no job computes, as far as they do not depend on the number of rows.

    Great Expectations would count the rows first, by a job of its own.
    """
    row_counts: Values = {metric.id: None for metric in metrics if metric.metric_name == _ROW_COUNT}
    values = dict(row_counts)
    try:
        _resolve(engine, metrics, values, is_wanted=lambda metric: metric.metric_name.endswith(_PLANS))
    except EVALUATION_ERRORS:
        return {}  # it fails again without this plan, unless the missing number is the reason
    return {name: value for name, value in values.items() if name not in row_counts}


def _resolve(
    engine: SparkDFExecutionEngine,
    metrics: Sequence[MetricConfiguration],
    values: Values,
    *,
    is_wanted: Callable[[MetricConfiguration], bool],
) -> None:
    """Add the values of the wanted metrics to `values`, in the order of their dependencies."""
    while ready := [
        metric
        for metric in metrics
        if metric.id not in values
        and is_wanted(metric)
        and all(other.id in values for other in metric.metric_dependencies.values())
    ]:
        values |= engine.resolve_metrics(ready, values)


def _aggregate_of(metric: MetricConfiguration, values: Values) -> Column | None:
    """Return a metric as an aggregate over all rows; None if it is not one."""
    partial = metric.metric_dependencies.get("metric_partial_fn")
    domain = metric.metric_domain_kwargs
    if metric.metric_name == _WITH_VALUES and _is_of_all_rows(domain):
        return F.count_if(_has_value(domain))
    if (
        partial is None
        or partial.id not in values
        or domain.get("row_condition")
        or "ignore_row_if" in domain
    ):
        return None
    aggregate: Column = values[partial.id][0]
    return aggregate


def _repeated_by(metric: MetricConfiguration, values: Values) -> Column | None:
    """Return the condition whose rows a metric of uniqueness counts; None for other metrics."""
    domain = metric.metric_domain_kwargs
    if metric.metric_name not in _UNIQUE or not _is_of_all_rows(domain):
        return None
    condition: Column = values[metric.metric_dependencies["unexpected_condition"].id][0]
    return _has_value(domain) & condition


def _is_of_all_rows(domain: dict[str, Any]) -> bool:
    """Return whether only rows without any value are left out."""
    return not domain.get("row_condition") and domain.get("ignore_row_if", _ALL_MISSING) == _ALL_MISSING


def _has_value(domain: dict[str, Any]) -> Column:
    names = domain.get("column_list") or [domain["column"]]
    return reduce(Column.__or__, (F.col(name).isNotNull() for name in names))


def _aggregate(rows: DataFrame, figures: _Figures) -> tuple[int, Values]:
    flags = {f"_{number}": condition for number, condition in enumerate(figures.repeated.values())}
    aggregates = [*figures.aggregates.values(), *map(F.count_if, flags)]
    columns = [aggregate.alias(str(number)) for number, aggregate in enumerate(aggregates)]
    row = rows.withColumns(flags).agg(F.count(F.lit(1)), *columns).first()
    assert row is not None  # an aggregate without groups has one row
    values = (convert_to_json_serializable(data=value) for value in row[1:])
    return row[0], dict(zip([*figures.aggregates, *figures.repeated], values, strict=True))
