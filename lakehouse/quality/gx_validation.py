"""Great Expectations' own validation of rules on a table as a whole."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from lakehouse.quality.gx_adapter import RESULT_FORMAT, build_expectation, rule_error
from lakehouse.quality.suite_model import Rule

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as great
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )


@dataclass(frozen=True)
class RuleOutcome:
    """The outcome of one rule on a table; lakehouse.catalog.schemas.RESULTS describes its fields."""

    rule: Rule
    evaluated: int
    unexpected: int | None
    observed: str | None
    success: bool


def validate(rows: DataFrame, rules: Sequence[Rule]) -> list[RuleOutcome]:
    """Evaluate rules on rows as a whole. Costs about one job per rule, and a shuffle per uniqueness rule.

    Args:
        rows: the rows; not empty.
        rules: rules of any kind.

    Raises:
        TerminalError: a rule cannot be evaluated.
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
        suite.add_expectation(build_expectation(json.loads(rule.expectation)))
    validation = batch.validate(suite, result_format=RESULT_FORMAT)
    by_id = {_id(result): result for result in validation.results}
    total = max((result.result.get("element_count") or 0 for result in validation.results), default=0)
    return [_outcome(rule, by_id[rule.id], total) for rule in rules]


def _configuration() -> DataContextConfig:
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )


def _id(result: Any) -> str:  # noqa: ANN401 - has no public type
    return str(result.expectation_config.meta["id"])


def _outcome(rule: Rule, result: Any, total: int) -> RuleOutcome:  # noqa: ANN401 - has no public type
    if message := _exception_message(result.exception_info or {}):
        raise rule_error(rule, message)
    details = result.result
    observed = details.get("observed_value")
    unexpected = details.get("unexpected_count")
    return RuleOutcome(
        rule=rule,
        evaluated=int(details.get("element_count") or total),
        unexpected=None if unexpected is None else int(unexpected),
        observed=None if observed is None else json.dumps(observed, default=str),
        success=bool(result.success),
    )


def _exception_message(info: dict[str, Any]) -> str | None:
    """The message of the first exception: `info` describes one exception, or one per metric."""
    for entry in (info, *info.values()):
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message") or "unknown")
    return None
