"""A Kafka record as one line of JSON, with any bytes in it."""

from __future__ import annotations

import base64
from typing import Any

import orjson
from kafka.consumer.fetcher import ConsumerRecord


def to_line(record: ConsumerRecord) -> bytes:
    """Return a record as JSON, ending in a line feed.

    Bytes that are UTF-8 become a string. For other bytes the field is null and a second field
    (`value_base64`) has them in base64. Nothing is lost: null, empty and all bytes can be restored.
    """
    envelope: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
    }
    _put(envelope, "key", record.key)
    envelope["headers"] = [_header(key, value) for key, value in record.headers]
    _put(envelope, "value", record.value)
    return orjson.dumps(envelope, option=orjson.OPT_APPEND_NEWLINE)


def _header(key: str, value: bytes | None) -> dict[str, Any]:
    header: dict[str, Any] = {"key": key}
    _put(header, "value", value)
    return header


def _put(target: dict[str, Any], name: str, content: bytes | None) -> None:
    try:
        target[name] = None if content is None else content.decode()
    except UnicodeDecodeError:
        target[name] = None
        target[f"{name}_base64"] = base64.b64encode(content or b"").decode()
