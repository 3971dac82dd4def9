"""A client that posts pins and retries until it has a final answer: at-least-once delivery."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import orjson
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    RetryError,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_random_exponential,
)

from foundation.errors import TransientError
from foundation.event import new_event_id

RETRYABLE = frozenset({429, 503})
GIVE_UP_AFTER_SECONDS = 30.0
TIMEOUT_SECONDS = 10.0
CONNECTIONS = 8

_backoff = wait_random_exponential(multiplier=0.1, max=5)


@dataclass(frozen=True)
class AcknowledgedEvent:
    """An event that the API has accepted."""

    unique_id: str
    event_id: str


@dataclass(frozen=True)
class Answer:
    """The final answer of the API for one pin.

    Args:
        status: HTTP status; None if there was no answer.
        seconds: time from the first attempt to the answer.
        retries: number of attempts after the first.
        acknowledged: the event, if the status is 201.
        detail: detail of the problem, for any other status.
    """

    status: int | None
    seconds: float
    retries: int
    acknowledged: AcknowledgedEvent | None = None
    detail: str = ""


def api_client(url: str, *, connections: int = CONNECTIONS) -> httpx.AsyncClient:
    """Return a client of the API at `url` with this many connections."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS, limits=limits)


async def check_api(client: httpx.AsyncClient) -> None:
    """Make sure that the API answers.

    Raises:
        TransientError: the API does not answer.
    """
    try:
        (await client.get("/health")).raise_for_status()
    except httpx.HTTPError as error:
        raise TransientError(
            f"the API does not answer: {type(error).__name__}",
            where=str(client.base_url),
            hint="Start it (`pinlake serve`) or give its address with --url.",
        ) from error


async def post_pin(client: httpx.AsyncClient, pin: bytes, *, event_id: str) -> Answer:
    """Post one pin; retry with the same event id while the API is busy or unavailable.

    Args:
        client: a client of the API.
        pin: a JSON object.
        event_id: sent as Idempotency-Key.
    """
    started = time.perf_counter()
    persistent = AsyncRetrying(
        retry=retry_if_exception_type(httpx.TransportError)
        | retry_if_result(lambda response: response.status_code in RETRYABLE),
        wait=_wait,
        stop=stop_after_delay(GIVE_UP_AFTER_SECONDS),
    )
    headers = {"Idempotency-Key": event_id, "Content-Type": "application/json"}
    try:
        response: httpx.Response = await persistent(client.post, "/pin/", content=pin, headers=headers)
    except RetryError as error:
        attempt = error.last_attempt
        if attempt.failed:
            detail = type(attempt.exception()).__name__
            return Answer(None, time.perf_counter() - started, attempt.attempt_number - 1, detail=detail)
        response = attempt.result()
    retries = persistent.statistics["attempt_number"] - 1
    return _answer(response, seconds=time.perf_counter() - started, retries=retries)


def post_pins(
    url: str, pins: Sequence[bytes], *, event_ids: Sequence[str] | None = None, connections: int = CONNECTIONS
) -> list[Answer]:
    """Post pins concurrently; return the answers in the order of the pins.

    Args:
        url: address of the API.
        pins: JSON objects.
        event_ids: one per pin; default: new ones in the order of the pins. The ids of an earlier call repeat
            its events.
        connections: how many requests are under way at a time.

    Raises:
        TransientError: the API does not answer.
    """
    ids = [new_event_id() for _ in pins] if event_ids is None else event_ids
    return asyncio.run(_post_all(url, list(zip(pins, ids, strict=True)), connections=connections))


async def _post_all(url: str, events: list[tuple[bytes, str]], *, connections: int) -> list[Answer]:
    slots = asyncio.Semaphore(connections)

    async def post(client: httpx.AsyncClient, pin: bytes, event_id: str) -> Answer:
        async with slots:
            return await post_pin(client, pin, event_id=event_id)

    async with api_client(url, connections=connections) as client:
        await check_api(client)
        return await asyncio.gather(*(post(client, pin, event_id) for pin, event_id in events))


def _answer(response: httpx.Response, *, seconds: float, retries: int) -> Answer:
    status = response.status_code
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = None
    # Another server may answer at the address, with any JSON.
    if isinstance(body, dict):
        if status != httpx.codes.CREATED:
            return Answer(status, seconds, retries, detail=str(body.get("detail", "")))
        if {"unique_id", "event_id"} <= body.keys():
            return Answer(status, seconds, retries, AcknowledgedEvent(body["unique_id"], body["event_id"]))
    return Answer(status, seconds, retries, detail="this is not an answer of the API")


def _wait(state: RetryCallState) -> float:
    outcome = state.outcome
    if outcome is not None and not outcome.failed:
        retry_after = outcome.result().headers.get("Retry-After", "")
        if retry_after.isdecimal():
            # A proxy may ask for hours.
            return max(min(float(retry_after), GIVE_UP_AFTER_SECONDS), _backoff(state))
    return _backoff(state)
