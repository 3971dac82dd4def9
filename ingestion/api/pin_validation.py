"""Validation of pins as clients send them: a pin or the problem with it. Nothing here raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from ingestion.api.problem import Problem, too_large

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin that can be sent to Kafka.

    Args:
        unique_id: in canonical lower case; it becomes the key of the record.
        value: JSON of the pin, UTF-8, with the fields as the client sent them.
    """

    unique_id: str
    value: bytes


def read_pin(raw: bytes, *, limit: int) -> Pin | Problem:
    """Read one JSON object.

    Args:
        raw: what the client sent.
        limit: maximum size of a pin in bytes.
    """
    if len(raw) > limit:
        return too_large("the pin", limit=limit)
    document = _load(raw)
    return document if isinstance(document, Problem) else _validate(document, limit=limit)


def read_pins(body: bytes, *, limit: int, lines: bool) -> Iterator[tuple[int, Pin | Problem]] | Problem:
    """Read NDJSON or a JSON array.

    Args:
        body: what the client sent.
        limit: maximum size of one pin in bytes.
        lines: the body is NDJSON; if False, a body that starts with a bracket is read as an array.

    Returns:
        The number (from 1) of each line that is not blank, or of each element, with its pin or problem. If
        the whole body cannot be read, the problem with it.
    """
    if lines or body.lstrip()[:1] != b"[":
        return _read_lines(body, limit=limit)
    document = _load(body)
    if isinstance(document, Problem):
        return document
    return ((number, _validate(element, limit=limit)) for number, element in enumerate(document, start=1))


def _read_lines(body: bytes, *, limit: int) -> Iterator[tuple[int, Pin | Problem]]:
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line and not line.isspace():
            yield number, read_pin(line, limit=limit)


def _load(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if not _is_utf8(raw):
            return Problem(HTTPStatus.BAD_REQUEST, "the body is not UTF-8")
        return Problem(HTTPStatus.BAD_REQUEST, f"not JSON: {error}")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _validate(document: object, *, limit: int) -> Pin | Problem:
    if not isinstance(document, dict):
        return Problem(HTTPStatus.BAD_REQUEST, "a pin must be a JSON object")
    unique_id = document.get("unique_id")
    if unique_id is None:
        return _bad_unique_id("is missing")
    if not isinstance(unique_id, str) or not _UUID.fullmatch(unique_id):
        return _bad_unique_id("must be a UUID in the form 8-4-4-4-12")
    try:
        value = orjson.dumps(document)
    except orjson.JSONEncodeError:
        return Problem(HTTPStatus.BAD_REQUEST, "the pin is nested too deeply")
    return too_large("the pin", limit=limit) if len(value) > limit else Pin(unique_id.lower(), value)


def _bad_unique_id(reason: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"unique_id {reason}", field="unique_id")
