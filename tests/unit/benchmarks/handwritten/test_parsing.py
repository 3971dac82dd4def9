"""Parsing of bronze values in Polars: a value is one JSON object with a pin's id, or gets a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import polars as pl
import pytest

from benchmarks.handwritten.parsing import parse
from foundation.event import event_id_at

PIN = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
GOOD = orjson.dumps({"unique_id": PIN, "index": 3, "title": "caf\u00e9", "new_field": 1})
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def _parsed(*values: bytes | None, topic: str | None = "t", event_time: datetime = NOW) -> pl.DataFrame:
    return parse(
        pl.DataFrame(
            {
                "event_id": [event_id_at(event_time)] * len(values),
                "topic": pl.Series([topic] * len(values), dtype=pl.String),
                "kafka_timestamp": [NOW] * len(values),
                "value": pl.Series(values, dtype=pl.Binary),
            }
        )
    )


def test_fields_come_out_as_text() -> None:
    (row,) = _parsed(GOOD).to_dicts()
    fields = ("reason", "unique_id", "index", "title", "category")
    assert [row[field] for field in fields] == [None, PIN, "3", "caf\u00e9", None]
    assert row["value"] == GOOD


def test_plain_values_and_others_keep_their_order() -> None:
    listed = GOOD[:-1] + b', "tag_list": ["a", "b"]}'
    rows = _parsed(GOOD, b"no json", listed, None, GOOD)
    assert rows["reason"].to_list() == [None, "value.not_one_json_object", None, "value.missing", None]
    assert rows["tag_list"].to_list() == [None, None, '["a","b"]', None, None]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "value.missing"),
        (b"", "value.not_one_json_object"),
        (b"\xff\xfe", "value.not_utf8"),
        (b"null", "value.not_one_json_object"),
        (b"[" + GOOD + b"]", "value.not_one_json_object"),
        (GOOD + GOOD, "value.not_one_json_object"),
        (GOOD + b"," + GOOD, "value.not_one_json_object"),
        (GOOD[:-1], "value.not_one_json_object"),
        (b"{'unique_id': '%s'}" % PIN.encode(), "value.not_one_json_object"),
        (b"{}", "unique_id.missing"),
        (b'{"unique_id": null}', "unique_id.missing"),
        (b'{"unique_id": " "}', "unique_id.missing"),
        (b'{"unique_id": 7}', "unique_id.not_a_uuid"),
        (b'{"unique_id": "%s0"}' % PIN.encode(), "unique_id.not_a_uuid"),
    ],
)
def test_a_value_that_is_not_a_pin_gets_a_reason(value: bytes | None, reason: str) -> None:
    assert _parsed(value)["reason"].to_list() == [reason]


def test_an_id_names_the_same_pin_in_any_spelling() -> None:
    assert _parsed(b'{"unique_id": " %s "}' % PIN.upper().encode())["unique_id"].to_list() == [PIN]


def test_an_event_ahead_of_its_own_record_is_refused() -> None:
    late = _parsed(GOOD, event_time=NOW + timedelta(minutes=2, milliseconds=1))
    assert late["reason"].to_list() == ["event_id.from_the_future"]
    assert _parsed(GOOD, event_time=NOW + timedelta(minutes=2))["reason"].to_list() == [None]


def test_a_record_without_a_topic_is_not_an_envelope() -> None:
    assert _parsed(GOOD, topic=None)["reason"].to_list() == ["landing.not_an_envelope"]
