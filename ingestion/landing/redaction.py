"""Records of erased pins, taken out of landing objects.

An object keeps its name, its mark and as many lines as offsets: who asks S3 what has landed is answered as
before, and a bronze table that is made from it anew counts as many records as its name promises. Of such a
record its coordinates and time stay.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from isal import igzip

from foundation.data_subjects import Subjects
from foundation.landing_object import FOLDER
from ingestion.landing.object_buffer import COMPRESSION_LEVEL

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEPT = ("topic", "partition", "offset", "timestamp")
# Behind these an id may stand that plain bytes do not show: base64, and JSON's escapes inside a JSON string.
_HIDING = (b'_base64"', b"\\\\u")


def landing_keys(s3: S3Client, bucket: str) -> list[str]:
    """Return the names of all landing objects."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{FOLDER}/")
    names = (entry["Key"] for page in pages for entry in page.get("Contents", []))
    return [name for name in names if name.endswith(".jsonl.gz")]


def count_records(s3: S3Client, bucket: str, keys: Iterable[str], subjects: Subjects) -> dict[str, int]:
    """Return which landing objects hold records of the subjects, and how many. Reads all of them.

    Args:
        s3: the client.
        bucket: the bucket's name.
        keys: the objects' names.
        subjects: whose records.
    """
    counted = {}
    for key in keys:
        plain, _ = _get(s3, bucket, key)
        if subjects.named_in(plain) or any(mark in plain for mark in _HIDING):
            counted[key] = blank_records(plain.splitlines(keepends=True), subjects)[1]
    return {key: records for key, records in counted.items() if records}


def redact(s3: S3Client, bucket: str, keys: Iterable[str], subjects: Subjects) -> None:
    """Blank the subjects' records in landing objects that the batch lane has read.

    Args: as `count_records`.
    """
    for key in keys:
        plain, metadata = _get(s3, bucket, key)
        lines, _ = blank_records(plain.splitlines(keepends=True), subjects)
        body = igzip.compress(b"".join(lines), compresslevel=COMPRESSION_LEVEL, mtime=0)
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)


def blank_records(lines: Iterable[bytes], subjects: Subjects) -> tuple[list[bytes], int]:
    """Return landing lines with the subjects' records blanked, and how many that were.

    A record is a subject's if its key or its pin's unique_id is; one that can be read as no pin, if it names
    a subject anywhere. Another pin's record that mentions a subject is another pin's.
    """
    left, blanked = [], 0
    for line in lines:
        theirs = _is_theirs(line, subjects)
        left.append(_blanked(line) if theirs else line)
        blanked += theirs
    return left, blanked


def _get(s3: S3Client, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]]:
    found = s3.get_object(Bucket=bucket, Key=key)
    plain: bytes = igzip.decompress(found["Body"].read())  # type: ignore[no-untyped-call]  # isal's stubs
    return plain, found["Metadata"]


def _is_theirs(line: bytes, subjects: Subjects) -> bool:
    mentioned = subjects.named_in(line)
    if not mentioned and not any(mark in line for mark in _HIDING):
        return False
    envelope = _read(line)
    if not isinstance(envelope, dict):
        return mentioned
    key, value = (_content(envelope, name) for name in ("key", "value"))
    named = _unique_id(value)
    if named is not None:
        return named in subjects.ids or key.decode(errors="replace").lower() in subjects.ids
    return mentioned or any(subjects.named_in(content) for content in (key, value))


def _blanked(line: bytes) -> bytes:
    envelope = _read(line)
    if not isinstance(envelope, dict):
        return b"{}\n"
    kept = {name: envelope.get(name) for name in _KEPT}
    return orjson.dumps({**kept, "key": None, "headers": [], "value": None}, option=orjson.OPT_APPEND_NEWLINE)


def _content(envelope: dict[str, Any], name: str) -> bytes:
    coded = envelope.get(f"{name}_base64")
    return base64.b64decode(coded) if coded else str(envelope.get(name) or "").encode()


def _unique_id(value: bytes) -> str | None:
    pin = _read(value)
    named = pin.get("unique_id") if isinstance(pin, dict) else None
    return str(named).strip().lower() if named is not None else None


def _read(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
