"""Body and headers of a request: the body is read up to a limit, the headers are checked."""

from __future__ import annotations

import asyncio
from datetime import datetime
from http import HTTPStatus

from fastapi import Request
from starlette.requests import ClientDisconnect

from foundation.event import parse_event_id
from ingestion.api.problem import Problem, too_large

IDEMPOTENCY_KEY = "Idempotency-Key"
BODY_TIMEOUT_SECONDS = 5


async def read_body(request: Request, *, limit: int) -> bytes | Problem:
    """Read the body, but at most `limit` bytes, whatever Content-Length says.

    A client may be slow, but it must keep sending: a silent one would delay the shutdown of the API.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        detail = "send the body without Content-Encoding"
        return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, field="Content-Encoding")
    if "upgrade" in request.headers:
        detail = "the API supports HTTP/1.1 only: do not send Upgrade"
        return Problem(HTTPStatus.BAD_REQUEST, detail, field="Upgrade")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        return too_large("the body", limit=limit)
    parts: list[bytes] = []
    size = 0
    clock = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS) as timeout:
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    return too_large("the body", limit=limit)
                parts.append(part)
                timeout.reschedule(clock() + BODY_TIMEOUT_SECONDS)
    except TimeoutError:
        detail = f"no part of the body arrived for {BODY_TIMEOUT_SECONDS} seconds"
        return Problem(HTTPStatus.REQUEST_TIMEOUT, detail)
    except ClientDisconnect:
        return Problem(HTTPStatus.BAD_REQUEST, "the body ended early")
    return b"".join(parts)


def idempotency_key(request: Request, *, now: datetime) -> str | Problem | None:
    """Return the event id that the client has chosen, the problem with it, or None if there is none.

    Args:
        request: its header may have the quotation marks of a structured field.
        now: the API's clock, UTC.
    """
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    try:
        return parse_event_id(key, now=now)
    except ValueError as error:
        detail = f"{IDEMPOTENCY_KEY} {error}"
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=IDEMPOTENCY_KEY)


def is_ndjson(request: Request) -> bool:
    """Return whether the client says that its body is JSON lines."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type.removeprefix("application/").removeprefix("x-") in {"ndjson", "jsonl", "jsonlines"}
