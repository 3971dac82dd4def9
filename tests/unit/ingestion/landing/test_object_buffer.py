"""Buffers: equal records give equal objects, and the name of an object says what is in it."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingestion.landing.envelope import to_line
from ingestion.landing.object_buffer import ObjectBuffer
from tests.unit.ingestion.landing.in_memory_kafka import TIMESTAMP, TOPIC, Record

content = st.none() | st.binary(max_size=60) | st.text(max_size=60).map(str.encode)


def _record(offset: int, value: bytes | None, *, timestamp: int = TIMESTAMP) -> Record:
    return Record(TOPIC, 3, offset, timestamp, None, [], value)


def _buffer(*records: Record) -> ObjectBuffer:
    buffer = ObjectBuffer(opened_at=0)
    buffer.extend(records)
    return buffer


@hypothesis_settings(max_examples=40)
@given(st.lists(content, min_size=1, max_size=8), st.integers(0, 2**40), st.integers(1, 8))
def test_a_buffer_does_not_depend_on_how_it_was_filled(
    values: list[bytes | None], first: int, cut: int
) -> None:
    records = [_record(offset, value) for offset, value in enumerate(values, start=first)]
    whole, parts = _buffer(*records), ObjectBuffer(opened_at=1)
    for part in (records[:cut], records[cut:]):
        if part:
            parts.extend(part)

    lines = b"".join(map(to_line, records))
    assert whole.compress() == parts.compress()
    assert gzip.decompress(whole.compress()) == lines
    assert (len(whole), whole.size, parts.size) == (len(values), len(lines), len(lines))
    assert whole.landing_object == parts.landing_object
    assert whole.first_record_hash == parts.first_record_hash
    offsets = whole.landing_object.offsets
    assert (offsets.topic, offsets.partition) == (TOPIC, 3)
    assert (offsets.first, offsets.last) == (first, first + len(values) - 1)


def test_an_object_belongs_to_the_day_of_its_first_record() -> None:
    buffer = _buffer(_record(0, b"a", timestamp=TIMESTAMP - 1), _record(1, b"b"))

    assert buffer.landing_object.day == "2025-12-31"


@pytest.mark.parametrize(
    "other", [_record(8, b"a"), _record(7, b"b"), _record(7, None), _record(7, b"a", timestamp=TIMESTAMP + 1)]
)
def test_the_hash_tells_first_records_apart(other: Record) -> None:
    same, different = _buffer(_record(7, b"a"), _record(9, b"z")), _buffer(other)

    assert same.first_record_hash == _buffer(_record(7, b"a")).first_record_hash
    assert same.first_record_hash != different.first_record_hash


def test_a_new_buffer_is_empty() -> None:
    buffer = ObjectBuffer(opened_at=12.5)

    assert (len(buffer), buffer.size, buffer.opened_at) == (0, 0, 12.5)
