"""The parts of Great Expectations that are used, imported without what the import prints.

On import it reports on standard error that parts of pyspark are missing, which are not needed here. Only the
first import does, so every module must import it from here.
"""

from __future__ import annotations

import contextlib
import io
import warnings

with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
    warnings.simplefilter("ignore")
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
    from great_expectations.util import convert_to_json_serializable
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.metrics_calculator import MetricsCalculator

__all__ = [
    "Condition",
    "Expectation",
    "ExpectationConfiguration",
    "GreatExpectationsError",
    "MetricConfiguration",
    "MetricsCalculator",
    "PassThroughCondition",
    "SparkDFExecutionEngine",
    "convert_to_json_serializable",
    "deserialize_row_condition",
    "get_metric_provider",
]
