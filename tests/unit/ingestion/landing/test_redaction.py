"""Redaction: lines of erased pins are blanked, however they are encoded; other lines do not change."""

from __future__ import annotations

import gzip
import json
from collections import namedtuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.data_subjects import Subjects
from ingestion.landing import redaction
from ingestion.landing.envelope import to_line
from ingestion.landing.redaction import blank_records
from tests.unit.in_memory_bucket import InMemoryBucket

PIN = "0190163d-8694-739b-aea5-966c26f8ad91"
OTHER = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
ESCAPED = "".join(f"\\u{ord(character):04x}" for character in PIN)
SUBJECTS = Subjects.of([PIN])
Record = namedtuple("Record", "topic partition offset timestamp key headers value")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (PIN.encode(), b'{"unique_id": "%s"}' % PIN.encode()),
        (b"", b'{"unique_id": "%s"}' % PIN.upper().encode()),
        (b"", b'{"unique_id": "  %s "}' % PIN.encode()),
        (b"", b'{"unique_id": "%s"}' % ESCAPED.encode()),
        (PIN.encode(), None),
        (PIN.encode(), b'{"unique_id": "%s"}' % OTHER.encode()),
        (b"", b"no json, but of %s" % PIN.encode()),
        (b"", b"\xff no text, but of %s" % PIN.encode()),
        (b"\xff", b'{"title": "of %s"}' % PIN.encode()),
    ],
)
def test_a_record_of_the_pin_keeps_its_coordinates_alone(key: bytes, value: bytes | None) -> None:
    line = to_line(Record("t", 1, 7, 99, key, [("event_id", b"e")], value))

    lines, blanked = blank_records([line], SUBJECTS)

    assert blanked == 1
    left = {"topic": "t", "partition": 1, "offset": 7, "timestamp": 99, "key": None, "headers": []}
    assert orjson.loads(lines[0]) == {**left, "value": None}


@pytest.mark.parametrize(
    "value",
    [
        json.dumps({"unique_id": OTHER, "title": f"seen beside {PIN}"}).encode(),
        json.dumps({"unique_id": OTHER, "title": "\u0001 é"}).encode(),
        b"\xff",
        b"",
    ],
)
def test_records_of_other_pins_stay_as_they_are(value: bytes) -> None:
    line = to_line(Record("t", 1, 7, 99, b"", [], value))

    assert blank_records([line], SUBJECTS) == ([line], 0)


def test_a_line_that_is_no_envelope_goes_if_it_names_the_pin() -> None:
    assert blank_records([b"rubbish\n", b"of " + PIN.encode() + b"\n"], SUBJECTS) == (
        [b"rubbish\n", b"{}\n"],
        1,
    )


@given(st.lists(st.binary(max_size=60)))
def test_whatever_else_has_landed_is_left_byte_for_byte(values: list[bytes]) -> None:
    lines = [to_line(Record("t", 0, at, 0, value, [], value)) for at, value in enumerate(values)]

    assert blank_records(lines, SUBJECTS) == (lines, 0)


def test_objects_with_records_of_the_pin_are_counted_and_blanked_and_keep_name_and_metadata() -> None:
    mine = to_line(Record("t", 0, 0, 0, PIN.encode(), [], b'{"unique_id": "%s"}' % PIN.encode()))
    other = to_line(Record("t", 0, 1, 0, None, [], b'{"unique_id": "%s"}' % OTHER.encode()))
    bucket = InMemoryBucket()
    contents = {
        "both": [mine, other],
        "other": [other],
        "hidden": [to_line(Record("t", 0, 2, 0, None, [], b"\xff"))],
    }
    for name, lines in contents.items():
        key = f"landing/pins/dt=2026-01-01/{name}.jsonl.gz"
        bucket.put_object(
            Bucket="pinlake", Key=key, Body=gzip.compress(b"".join(lines)), Metadata={"hash": name}
        )
    bucket.objects |= {"landing/pins/note.txt": (PIN.encode(), {}), "warehouse/a.jsonl.gz": (b"", {})}
    before = dict(bucket.objects)

    keys = redaction.landing_keys(bucket.store)
    counts = redaction.count_records(bucket.store, keys, SUBJECTS)
    redaction.redact(bucket.store, counts, SUBJECTS)

    key = "landing/pins/dt=2026-01-01/both.jsonl.gz"
    assert keys == [f"landing/pins/dt=2026-01-01/{name}.jsonl.gz" for name in sorted(contents)]
    assert counts == {key: 1}
    body, metadata = bucket.objects.pop(key)
    assert gzip.decompress(body).splitlines(keepends=True) == blank_records([mine, other], SUBJECTS)[0]
    assert metadata == {"hash": "both"}
    assert bucket.objects == {name: content for name, content in before.items() if name != key}
