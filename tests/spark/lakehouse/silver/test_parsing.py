"""Parsing: a value is one JSON object with a pin's id, or gets the reason why it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession

from foundation.event import new_event_id
from lakehouse.catalog.schemas import BRONZE
from lakehouse.silver.parsing import parse

PIN = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
GOOD = orjson.dumps(
    {"unique_id": PIN, "index": 3, "tag_list": ["a", "b"], "title": "caf\u00e9", "new_field": 1}
)
few = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _parsed(
    spark: SparkSession, values: list[bytes | None], *, topic: str | None = "t", event_id: str | None = None
) -> list[Row]:
    now = datetime.now(UTC)
    rows = [
        (event_id or new_event_id(), now, topic, 0, offset, now, None, value, now)
        for offset, value in enumerate(values)
    ]
    return parse(spark.createDataFrame(rows, BRONZE)).orderBy("offset").collect()


def test_fields_come_out_as_text(spark: SparkSession) -> None:
    (row,) = _parsed(spark, [GOOD])

    assert (row.reasons, row.unique_id, row["index"], row.tag_list, row.title, row.category) == (
        [],
        PIN,
        "3",
        '["a","b"]',
        "caf\u00e9",
        None,
    )
    assert bytes(row.value) == GOOD


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "value.missing"),
        (b"", "value.not_one_json_object"),
        (b"\xff\xfe", "value.not_utf8"),
        (b"no json", "value.not_one_json_object"),
        (b"null", "value.not_one_json_object"),
        (b"[1]", "value.not_one_json_object"),
        (b"3", "value.not_one_json_object"),
        (b"[" + GOOD + b"]", "value.not_one_json_object"),
        (GOOD + GOOD, "value.not_one_json_object"),
        (GOOD + b"," + GOOD, "value.not_one_json_object"),
        (GOOD + b"]", "value.not_one_json_object"),
        (GOOD[:-1], "value.not_one_json_object"),
        (b"{'unique_id': '%s'}" % PIN.encode(), "value.not_one_json_object"),
        (b"{}", "unique_id.missing"),
        (b'{"unique_id": null}', "unique_id.missing"),
        (b'{"unique_id": " "}', "unique_id.missing"),
        (b'{"unique_id": 7}', "unique_id.not_a_uuid"),
        (b'{"unique_id": "%s0"}' % PIN.encode(), "unique_id.not_a_uuid"),
        (b'{"unique_id": "%s\\n"}' % PIN.encode(), "unique_id.not_a_uuid"),
    ],
)
def test_a_value_that_is_not_a_pin_gets_a_reason(
    spark: SparkSession, value: bytes | None, reason: str
) -> None:
    (row,) = _parsed(spark, [value])

    assert row.reasons == [reason]


def test_an_id_names_the_same_pin_in_any_spelling(spark: SparkSession) -> None:
    (row,) = _parsed(spark, [b'{"unique_id": " %s "}' % PIN.upper().encode()])

    assert (row.reasons, row.unique_id) == ([], PIN)


def test_an_event_ahead_of_its_own_record_is_refused(spark: SparkSession) -> None:
    ahead = int((datetime.now(UTC) + timedelta(minutes=3)).timestamp() * 1000)
    event_id = f"{ahead >> 16:08x}-{ahead & 0xFFFF:04x}{new_event_id()[13:]}"

    (row,) = _parsed(spark, [GOOD], event_id=event_id)

    assert row.reasons == ["event_id.from_the_future"]


def test_a_line_that_is_not_an_envelope_gets_a_reason(spark: SparkSession) -> None:
    (row,) = _parsed(spark, [b"rubbish"], topic=None)

    assert row.reasons == ["landing.not_an_envelope"]


@few
@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.text('[]{}",:0 \\an', max_size=20).map(str.encode)),
        min_size=1,
        max_size=80,
    )
)
def test_no_bytes_break_it(spark: SparkSession, values: list[bytes | None]) -> None:
    rows = _parsed(spark, values)

    # None of these can hold a unique_id that is a UUID.
    assert [len(row.reasons) for row in rows] == [1] * len(values)
