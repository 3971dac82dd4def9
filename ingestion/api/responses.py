"""JSON responses of the API."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from ingestion.api.problem import MEDIA_TYPE, Problem
from ingestion.producer import Event

RETRY_AFTER_SECONDS = 1


def accepted_response(event: Event) -> Response:
    """Return 201 with the id of the event."""
    return _json(HTTPStatus.CREATED, {"event_id": event.event_id, "unique_id": event.pin.unique_id})


def problem_response(problem: Problem, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem: with Retry-After if a retry may help; a client that timed out is disconnected."""
    return _problem(problem.status, problem.body(), headers=headers)


def state_response(status: int, word: str) -> Response:
    """Return the state of the API, in one word."""
    return _json(status, {"status": word})


def unavailable_problem(event: Event) -> Problem:
    """Return the problem of an event that Kafka did not acknowledge."""
    detail = "Kafka has not acknowledged the event; retry with this event_id as Idempotency-Key"
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, event_id=event.event_id)


def bulk_response(lines: Mapping[int, Event | Problem], acknowledged: Mapping[Event, bool]) -> Response:
    """Return one result per line, and a status for the request that does not hide a failed line.

    Args:
        lines: event or problem by line number; at least one.
        acknowledged: whether both topics acknowledged the event.
    """
    outcomes = {
        number: unavailable_problem(line) if isinstance(line, Event) and not acknowledged[line] else line
        for number, line in lines.items()
    }
    problems = [outcome for outcome in outcomes.values() if isinstance(outcome, Problem)]
    body = {
        "accepted": len(outcomes) - len(problems),
        "rejected": len(problems),
        "results": [_line(number, outcome) for number, outcome in outcomes.items()],
    }
    status = _overall({problem.status for problem in problems}, some_accepted=len(problems) < len(outcomes))
    if status < HTTPStatus.BAD_REQUEST:
        return _json(status, body)
    detail = f"{len(problems)} of {len(outcomes)} pins were not accepted; results says why"
    return _problem(status, {**Problem(status, detail).body(), **body})


def _line(number: int, outcome: Event | Problem) -> dict[str, Any]:
    if isinstance(outcome, Problem):
        return {"line": number, "status": outcome.status, "problem": outcome.body()}
    identity = {"event_id": outcome.event_id, "unique_id": outcome.pin.unique_id}
    return {"line": number, "status": int(HTTPStatus.CREATED), **identity}


def _overall(problems: set[int], *, some_accepted: bool) -> int:
    if not problems:
        return HTTPStatus.CREATED
    if HTTPStatus.SERVICE_UNAVAILABLE in problems:
        return HTTPStatus.SERVICE_UNAVAILABLE
    if some_accepted:
        return HTTPStatus.MULTI_STATUS
    return problems.pop() if len(problems) == 1 else HTTPStatus.BAD_REQUEST


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


def _problem(status: int, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> Response:
    all_headers = dict(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        all_headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if status == HTTPStatus.REQUEST_TIMEOUT:
        all_headers["Connection"] = "close"
    return Response(orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE, headers=all_headers)
