"""The application: POST /pin/ and /pins, and the routes /health and /ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from foundation.event import new_event_id
from foundation.settings import ApiSettings, Settings
from ingestion.api import responses
from ingestion.api.pin_validation import Pin, read_pin, read_pins
from ingestion.api.problem import Problem
from ingestion.api.readiness import Readiness
from ingestion.api.request_body import IDEMPOTENCY_KEY, idempotency_key, is_ndjson, read_body
from ingestion.producer import Event, Publisher

_log = structlog.get_logger(__name__)


class PinApi:
    """The handlers of the running API.

    Args:
        settings: limits.
        publisher: sends events to Kafka.
        readiness: knows whether Kafka can be reached.
    """

    def __init__(self, settings: ApiSettings, *, publisher: Publisher, readiness: Readiness) -> None:
        self._settings = settings
        self._publisher = publisher
        self._readiness = readiness

    async def post_pin(self, request: Request) -> Response:
        """Accept one pin: 201 with its event id after both topics have acknowledged it.

        The header Idempotency-Key, a UUIDv7, becomes the event id: a retry with the same key is the same
        event.
        """
        received_at = datetime.now(UTC)
        event_id = idempotency_key(request, now=received_at)
        limit = min(self._settings.max_pin_bytes, self._settings.max_body_bytes)
        body = await read_body(request, limit=limit)
        if isinstance(body, Problem):
            return responses.problem_response(body)
        if isinstance(event_id, Problem):
            return responses.problem_response(event_id)
        pin = read_pin(body, limit=limit)
        if isinstance(pin, Problem):
            return responses.problem_response(pin)
        event = Event(event_id or new_event_id(), pin)
        (acknowledged,) = await self._publish([event], received_at)
        return (
            responses.accepted_response(event)
            if acknowledged
            else responses.problem_response(responses.unavailable_problem(event))
        )

    async def post_pins(self, request: Request) -> Response:
        """Accept pins as NDJSON or as a JSON array; the response has one result per line (or element).

        201: all were acknowledged. 207: some lines were rejected. 503: Kafka did not acknowledge some lines.
        Lines with 201 are accepted; send the others again, one by one, with the event_id of their result. Any
        other 4xx: no line was accepted. Idempotency-Key is rejected, because it names one event only.
        """
        received_at = datetime.now(UTC)
        body = await read_body(request, limit=self._settings.max_body_bytes)
        if isinstance(body, Problem):
            return responses.problem_response(body)
        if IDEMPOTENCY_KEY in request.headers:
            detail = "names one event: send it with POST /pin/"
            return responses.problem_response(Problem(HTTPStatus.BAD_REQUEST, detail, field=IDEMPOTENCY_KEY))
        lines = await asyncio.to_thread(self._read_lines, body, lines=is_ndjson(request))
        if isinstance(lines, Problem):
            return responses.problem_response(lines)
        events = [line for line in lines.values() if isinstance(line, Event)]
        acknowledged = dict(zip(events, await self._publish(events, received_at), strict=True))
        return await asyncio.to_thread(responses.bulk_response, lines, acknowledged)

    def health(self) -> Response:
        """Return 200 while the process runs."""
        return responses.state_response(HTTPStatus.OK, "live")

    async def ready(self) -> Response:
        """Return 200 if Kafka can be reached and has both topics, else 503."""
        if await self._readiness.check():
            return responses.state_response(HTTPStatus.OK, "ready")
        return responses.problem_response(Problem(HTTPStatus.SERVICE_UNAVAILABLE, "Kafka does not answer"))

    def _read_lines(self, body: bytes, *, lines: bool) -> dict[int, Event | Problem] | Problem:
        pins = read_pins(body, limit=self._settings.max_pin_bytes, lines=lines)
        if isinstance(pins, Problem):
            return pins
        events = {number: Event(new_event_id(), pin) if isinstance(pin, Pin) else pin for number, pin in pins}
        return events or Problem(HTTPStatus.BAD_REQUEST, "the body contains no pin")

    async def _publish(self, events: list[Event], received_at: datetime) -> list[bool]:
        # Some brokers create a missing topic when a record is sent to it, with their own number of
        # partitions.
        if not events or not self._readiness.topics_exist:
            return [False] * len(events)
        return await self._publisher.publish(events, received_at=received_at)


def create_app(settings: Settings) -> FastAPI:
    """Return the API as an ASGI application; it starts even if Kafka is down."""
    app = FastAPI(
        title="Pinlake", docs_url=None, redoc_url=None, lifespan=lambda app: _running(app, settings)
    )
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_exception)
    return app


@asynccontextmanager
async def _running(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    publisher = Publisher(settings.kafka, acknowledge_seconds=settings.api.acknowledge_seconds)
    readiness = Readiness(settings.kafka, publisher)
    _add_routes(app, PinApi(settings.api, publisher=publisher, readiness=readiness))
    creating = asyncio.create_task(readiness.create_topics())
    try:
        yield
    finally:
        creating.cancel()
        with suppress(asyncio.CancelledError):
            await creating
        await asyncio.to_thread(publisher.close)


def _add_routes(app: FastAPI, api: PinApi) -> None:
    for path in ("/pin/", "/pin"):
        app.add_api_route(
            path, api.post_pin, methods=["POST"], status_code=201, include_in_schema=path[-1] == "/"
        )
    for path in ("/pins", "/pins/"):
        app.add_api_route(
            path, api.post_pins, methods=["POST"], status_code=201, include_in_schema=path[-1] != "/"
        )
    app.add_api_route("/health", api.health, methods=["GET"])
    app.add_api_route("/ready", api.ready, methods=["GET"])


async def _on_http_exception(request: Request, error: Exception) -> Response:
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    return responses.problem_response(
        Problem(status, f"{request.method} {request.url.path}"), headers=headers
    )


async def _on_exception(request: Request, error: Exception) -> Response:
    _log.error("request failed", path=request.url.path, error=type(error).__name__)
    return responses.problem_response(
        Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the API has failed; its log says why")
    )
