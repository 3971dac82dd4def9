"""Printed values: JSON, and text for people."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from pinlake.cli import row_output as rows

EAST = timezone(timedelta(hours=2))


def test_json_is_written_as_spark_writes_it() -> None:
    row = {
        "at": datetime(2026, 1, 31, 12, 0, 0, 123456, EAST),
        "local": datetime(2026, 1, 31, 12),
        "day": date(2026, 1, 31),
        "bytes": b"\x00\xff",
        "price": Decimal("1.50"),
        "tags": ["a", None],
        "nothing": None,
        "nested": {"x": 1.5},
    }

    text = rows.as_json(row)

    assert json.loads(text) == {
        "at": "2026-01-31T10:00:00.123Z",
        "local": "2026-01-31T12:00:00.000",
        "day": "2026-01-31",
        "bytes": "AP8=",
        "price": 1.5,
        "tags": ["a", None],
        "nothing": None,
        "nested": {"x": 1.5},
    }
    assert '"price":1.50' in text


def test_what_has_no_form_in_json_is_an_error() -> None:
    with pytest.raises(TypeError):
        rows.as_json(object())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (datetime(2026, 1, 31, 12, tzinfo=EAST), "2026-01-31 10:00:00"),
        (b"a\xff", "a\\xff"),
        (["ä", None], '["ä", null]'),
        (True, "True"),
    ],
)
def test_people_see_times_in_utc_and_bytes_as_text(value: object, shown: str) -> None:
    assert rows.text(value) == shown
