"""The gate's predicates agree with Great Expectations about each row."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from typing import Any

import great_expectations
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StringType, StructField, StructType

from foundation.errors import TerminalError
from lakehouse.quality import gx_adapter as gx
from lakehouse.quality import gx_validation
from lakehouse.quality.suite_model import Rule
from tests.spark.lakehouse.quality import great_expectations_validation
from tests.suites import make_rule

SCHEMA = StructType(
    [
        StructField("id", IntegerType()),
        StructField("number", IntegerType()),
        StructField("other", IntegerType()),
        StructField("text", StringType()),
    ]
)
MEET = {"type": "comparison", "column": {"name": "other"}, "operator": ">", "parameter": 0}


RULES = [
    make_rule("between", "column_values_to_be_between", column="number", min_value=-1, max_value=3),
    make_rule("strict", "column_values_to_be_between", column="number", min_value=0, strict_min=True),
    make_rule("set", "column_values_to_be_in_set", column="number", value_set=[1, 2]),
    make_rule("not_set", "column_values_to_not_be_in_set", column="text", value_set=["a", ""]),
    make_rule("regex", "column_values_to_match_regex", column="text", regex="^a"),
    make_rule("not_regex", "column_values_to_not_match_regex", column="text", regex="b$"),
    make_rule("not_null", "column_values_to_not_be_null", column="text"),
    make_rule("null", "column_values_to_be_null", column="number"),
    make_rule("length", "column_value_lengths_to_be_between", column="text", min_value=1, max_value=2),
    make_rule("where", "column_values_to_not_be_null", column="number", row_condition=MEET),
    make_rule(
        "where_text",
        "column_values_to_match_regex",
        column="text",
        regex="^a",
        row_condition="number > 0",
        condition_parser="spark",
    ),
    make_rule("pair", "column_pair_values_to_be_equal", column_A="number", column_B="other"),
    make_rule(
        "pair_ignoring",
        "column_pair_values_a_to_be_greater_than_b",
        column_A="number",
        column_B="other",
        ignore_row_if="either_value_is_missing",
    ),
]
TEXTS = st.none() | st.sampled_from(["", "a", "ab", "b"])
VALUES = st.tuples(
    st.none() | st.integers(-3, 5),
    st.none() | st.integers(-2, 2),
    st.none() | st.sampled_from(["", "a", "ab", "b"]),
)


@given(rows=st.lists(VALUES, min_size=1, max_size=8))
@settings(max_examples=5)
def test_predicates_agree_with_great_expectations_on_each_row(
    spark: SparkSession, rows: Sequence[tuple[int | None, int | None, str | None]]
) -> None:
    numbered = [(number, *row) for number, row in enumerate(rows)]
    frame = spark.createDataFrame(numbered, SCHEMA).coalesce(1).cache()
    predicates = gx.compile_predicates(spark, RULES, SCHEMA)

    flags = frame.select("id", *(predicates[rule.id].violated.alias(rule.id) for rule in RULES)).collect()
    violating = {rule.id: {row.id for row in flags if row[rule.id]} for rule in RULES}

    assert violating == {rule.id: set() for rule in RULES} | _unexpected_by_great_expectations(frame)


def _unexpected_by_great_expectations(frame: Any) -> dict[str, set[int]]:  # noqa: ANN401 - a DataFrame
    result_format = {"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]}
    results = great_expectations_validation.validate(frame, RULES, result_format)
    return {
        name: {row["id"] for row in result.result.get("unexpected_index_list") or ()}
        for name, result in results.items()
    }


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (make_rule("regex", "column_values_to_match_regex", column="text", regex="([a"), "'([a'"),
        (make_rule("type", "column_values_to_be_between", column="text", min_value=1), "StringType"),
        (
            make_rule(
                "condition",
                "column_values_to_not_be_null",
                column="text",
                row_condition="colour = 'x'",
                condition_parser="spark",
            ),
            "colour",
        ),
    ],
    ids=["regex", "type", "condition"],
)
def test_a_rule_that_spark_cannot_evaluate_is_reported_before_there_is_data(
    spark: SparkSession, rule: Rule, reason: str
) -> None:
    with pytest.raises(TerminalError, match=re.escape(reason)) as raised:
        gx.compile_predicates(spark, [rule], SCHEMA)

    assert rule.id in str(raised.value)


def test_a_new_version_of_great_expectations_is_tested_before_it_is_used() -> None:
    assert great_expectations.__version__ == gx.TESTED, (
        "Great Expectations has changed: run this file's other tests against it, then raise gx.TESTED."
    )


def test_counts_agree_and_no_network_is_used(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _only_loopback(socket.socket.connect))
    monkeypatch.setattr(socket, "getaddrinfo", _only_local_names(socket.getaddrinfo))
    frame = spark.createDataFrame([(1, 9, 1, "a"), (2, None, 1, None), (3, 1, None, "b")], SCHEMA)

    outcomes = {outcome.rule.id: outcome for outcome in gx_validation.validate(frame, RULES)}

    violations = frame.agg(
        *(
            F.count_if(predicate.violated).alias(name)
            for name, predicate in gx.compile_predicates(spark, RULES, SCHEMA).items()
        )
    ).first()
    assert violations is not None
    assert {name: outcome.unexpected for name, outcome in outcomes.items()} == violations.asDict()
    assert {name for name, outcome in outcomes.items() if outcome.success} == {
        name for name, count in violations.asDict().items() if not count
    }


def _only_loopback(connect: Any) -> Any:  # noqa: ANN401 - socket's own method
    def checked(self: socket.socket, address: Any) -> Any:  # noqa: ANN401 - as socket takes it
        assert self.family == socket.AF_UNIX or address[0].startswith("127."), address
        return connect(self, address)

    return checked


def _only_local_names(lookup: Any) -> Any:  # noqa: ANN401 - socket's own function
    def checked(host: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - as socket takes it
        assert host in ("localhost", "127.0.0.1"), host
        return lookup(host, *rest, **named)

    return checked
