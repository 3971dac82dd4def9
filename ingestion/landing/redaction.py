"""Redaction of landing objects: records of erased pins are blanked.

An object keeps its name, its metadata and one line per offset. So the batch consumer still finds what has
landed, and a bronze table that is rebuilt from it has as many records as the name of the object says. A
blanked record keeps its coordinates and its time.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from isal import igzip

from foundation.data_subjects import Subjects
from foundation.landing_object import FOLDER
from foundation.object_store import ObjectStore
from ingestion.landing.object_buffer import COMPRESSION_LEVEL

_KEPT_FIELDS = ("topic", "partition", "offset", "timestamp")
# Signs that an id may be hidden in the bytes: by base64, or by JSON escapes inside a JSON string.
_ENCODINGS = (b'_base64"', b"\\\\u")


def landing_keys(store: ObjectStore) -> list[str]:
    """Return the keys of all landing objects."""
    return [key for key in store.list_keys(f"{FOLDER}/") if key.endswith(".jsonl.gz")]


def count_records(store: ObjectStore, keys: Iterable[str], subjects: Subjects) -> dict[str, int]:
    """Return the number of the subjects' records in each landing object that has any. Reads all objects.

    Args:
        store: the bucket.
        keys: keys of the objects.
        subjects: the pins to look for.
    """
    counts = {}
    for key in keys:
        plain, _ = _get(store, key)
        if subjects.are_mentioned_in(plain) or any(sign in plain for sign in _ENCODINGS):
            counts[key] = blank_records(plain.splitlines(keepends=True), subjects)[1]
    return {key: records for key, records in counts.items() if records}


def redact(store: ObjectStore, keys: Iterable[str], subjects: Subjects) -> None:
    """Blank the subjects' records in landing objects. The batch lane must have read the objects.

    Args: as `count_records`.
    """
    for key in keys:
        plain, metadata = _get(store, key)
        lines, _ = blank_records(plain.splitlines(keepends=True), subjects)
        body = igzip.compress(b"".join(lines), compresslevel=COMPRESSION_LEVEL, mtime=0)
        store.write(key, body, metadata=metadata)


def blank_records(lines: Iterable[bytes], subjects: Subjects) -> tuple[list[bytes], int]:
    """Return landing lines with the subjects' records blanked, and the number of blanked records.

    A record belongs to a subject if its key or the unique_id of its pin is the subject's. A record that is
    not a pin belongs to a subject if it mentions the subject anywhere. A record of another pin that mentions
    a subject does not belong to the subject.
    """
    redacted, count = [], 0
    for line in lines:
        belongs = _belongs_to_subject(line, subjects)
        redacted.append(_blank(line) if belongs else line)
        count += belongs
    return redacted, count


def _get(store: ObjectStore, key: str) -> tuple[bytes, Mapping[str, str]]:
    content = store.get(key)
    assert content is not None  # nothing removes landing objects
    plain: bytes = igzip.decompress(content.body)  # type: ignore[no-untyped-call]  # isal's stubs
    return plain, content.metadata


def _belongs_to_subject(line: bytes, subjects: Subjects) -> bool:
    mentioned = subjects.are_mentioned_in(line)
    if not mentioned and not any(sign in line for sign in _ENCODINGS):
        return False
    envelope = _parse(line)
    if not isinstance(envelope, dict):
        return mentioned
    key, value = (_content(envelope, name) for name in ("key", "value"))
    unique_id = _unique_id(value)
    if unique_id is not None:
        return unique_id in subjects.ids or key.decode(errors="replace").lower() in subjects.ids
    return mentioned or any(subjects.are_mentioned_in(content) for content in (key, value))


def _blank(line: bytes) -> bytes:
    envelope = _parse(line)
    if not isinstance(envelope, dict):
        return b"{}\n"
    coordinates = {name: envelope.get(name) for name in _KEPT_FIELDS}
    blanked: dict[str, Any] = {**coordinates, "key": None, "headers": [], "value": None}
    return orjson.dumps(blanked, option=orjson.OPT_APPEND_NEWLINE)


def _content(envelope: dict[str, Any], name: str) -> bytes:
    encoded = envelope.get(f"{name}_base64")
    return base64.b64decode(encoded) if encoded else str(envelope.get(name) or "").encode()


def _unique_id(value: bytes) -> str | None:
    pin = _parse(value)
    unique_id = pin.get("unique_id") if isinstance(pin, dict) else None
    return str(unique_id).strip().lower() if unique_id is not None else None


def _parse(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
