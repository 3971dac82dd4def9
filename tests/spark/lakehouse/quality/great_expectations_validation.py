"""Validation by Great Expectations alone, in its own rounds of jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import great_expectations as gx
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from pyspark.sql import DataFrame

from lakehouse.quality.gx_adapter import build_expectation
from lakehouse.quality.suite_model import Rule


def validate(frame: DataFrame, rules: Sequence[Rule], result_format: dict[str, Any]) -> dict[str, Any]:
    """Return the result of each rule, by rule id."""
    configuration = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=configuration)
    asset = context.data_sources.add_spark("s", persist=False).add_dataframe_asset("a")
    batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="s")
    for rule in rules:
        suite.add_expectation(build_expectation(json.loads(rule.expectation)))
    validation = batch.validate(suite, result_format=result_format)
    return {_id(result): result for result in validation.results}


def _id(result: Any) -> str:  # noqa: ANN401 - has no public type
    return str(result.expectation_config.meta["id"])
