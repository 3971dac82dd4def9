"""Landing lines: they preserve the bytes of a record."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from ingestion.landing.envelope import to_line

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
