"""Landing lines: they preserve the bytes of a record; equal records give equal objects."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass, field
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from ingestion.landing.envelope import to_line
from ingestion.landing.object_buffer import ObjectBuffer

content = st.none() | st.binary(max_size=60) | st.text(max_size=60).map(str.encode)


@dataclass(frozen=True)
class Record:
    """A record of the consumer library, with the fields that a line needs."""

    topic: str = "pins"
    partition: int = 3
    offset: int = 7
    timestamp: int = 1_700_000_000_000
    key: bytes | None = None
    value: bytes | None = None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)


def _bytes(fields: dict[str, Any], name: str) -> bytes | None:
    encoded, text = fields.get(f"{name}_base64"), fields[name]
    if encoded is not None:
        assert text is None
        return base64.b64decode(encoded)
    return None if text is None else str(text).encode()


@given(
    st.builds(Record, key=content, value=content, headers=st.lists(st.tuples(st.text(), content), max_size=3))
)
def test_every_byte_comes_back(record: Record) -> None:
    line = to_line(record)
    assert line.count(b"\n") == 1
    read = orjson.loads(line)
    headers = [(header["key"], _bytes(header, "value")) for header in read["headers"]]
    place = (read["topic"], read["partition"], read["offset"], read["timestamp"])
    assert place == (record.topic, record.partition, record.offset, record.timestamp)
    assert (_bytes(read, "key"), _bytes(read, "value"), headers) == (record.key, record.value, record.headers)


@given(st.lists(content, min_size=1, max_size=20), st.integers(1, 20))
def test_a_buffer_does_not_depend_on_how_it_was_filled(values: list[bytes | None], cut: int) -> None:
    records = [Record(offset=offset, value=value) for offset, value in enumerate(values)]
    whole, parts = ObjectBuffer(opened_at=0), ObjectBuffer(opened_at=1)
    whole.extend(records)
    for part in (records[:cut], records[cut:]):
        if part:
            parts.extend(part)
    assert whole.compress() == parts.compress()
    assert gzip.decompress(whole.compress()) == b"".join(map(to_line, records))
    assert whole.landing_object == parts.landing_object
    offsets = whole.landing_object.offsets
    assert (offsets.first, offsets.last, len(whole)) == (0, len(values) - 1, len(values))
    assert whole.first_record_hash == parts.first_record_hash
