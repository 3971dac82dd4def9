"""What a request carries besides its route: the body, read up to a limit, and the headers the door heeds."""

from __future__ import annotations

import asyncio
from datetime import datetime
from http import HTTPStatus

from fastapi import Request
from starlette.requests import ClientDisconnect

from foundation.event import parse_event_id
from ingestion.api.problem import Problem, too_large

IDEMPOTENCY_KEY = "Idempotency-Key"
STALLED_SECONDS = 5


async def read_body(request: Request, *, limit: int) -> bytes | Problem:
    """Read the body, and no more than `limit` bytes of it, whatever Content-Length says.

    A client may be slow, but not fall silent: one that has would hold up the door's end.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        detail = "send the body without Content-Encoding"
        return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, field="Content-Encoding")
    if "upgrade" in request.headers:
        detail = "the door speaks HTTP/1.1 only: send no Upgrade"
        return Problem(HTTPStatus.BAD_REQUEST, detail, field="Upgrade")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        return too_large("the body", limit=limit)
    parts: list[bytes] = []
    size = 0
    clock = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(STALLED_SECONDS) as patience:
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    return too_large("the body", limit=limit)
                parts.append(part)
                patience.reschedule(clock() + STALLED_SECONDS)
    except TimeoutError:
        return Problem(HTTPStatus.REQUEST_TIMEOUT, f"no more of the body came for {STALLED_SECONDS} seconds")
    except ClientDisconnect:
        return Problem(HTTPStatus.BAD_REQUEST, "the body ended early")
    return b"".join(parts)


def idempotency_key(request: Request, *, now: datetime) -> str | Problem | None:
    """Return the event id a client has chosen, None if it has not, or the problem with it.

    Args:
        request: whose header is read, with or without the quotation marks of a structured field.
        now: the door's clock, UTC.
    """
    given = request.headers.get(IDEMPOTENCY_KEY)
    if given is None:
        return None
    if len(given) > 1 and given[0] == given[-1] == '"':
        given = given[1:-1]
    try:
        return parse_event_id(given, now=now)
    except ValueError as error:
        detail = f"{IDEMPOTENCY_KEY} {error}"
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=IDEMPOTENCY_KEY)


def is_ndjson(request: Request) -> bool:
    """Return whether the client says that its body is JSON lines."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type.removeprefix("application/").removeprefix("x-") in {"ndjson", "jsonl", "jsonlines"}
