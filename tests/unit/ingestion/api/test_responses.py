"""The status of a bulk response does not hide a failed line."""

from __future__ import annotations

import orjson
import pytest

from ingestion.api import responses
from ingestion.api.pin_validation import Pin
from ingestion.api.problem import Problem
from ingestion.producer import Event

IN = Event("in", Pin("a", b""))
OUT = Event("out", Pin("b", b""))
ACKNOWLEDGED = {IN: True, OUT: False}


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([IN], 201),
        ([IN, Problem(400, "x")], 207),
        ([Problem(400, "x"), Problem(400, "y")], 400),
        ([Problem(413, "x")], 413),
        ([Problem(413, "x"), Problem(422, "y")], 400),
        ([IN, OUT], 503),
        ([OUT, Problem(400, "x")], 503),
    ],
)
def test_overall_status(lines: list[Event | Problem], status: int) -> None:
    response = responses.bulk_response(dict(enumerate(lines, start=1)), ACKNOWLEDGED)
    body = orjson.loads(response.body)
    assert response.status_code == status
    assert ("Retry-After" in response.headers) == (status == 503)
    assert body["accepted"] + body["rejected"] == len(lines)
    assert [line["line"] for line in body["results"]] == list(range(1, len(lines) + 1))
