"""Retries of posts to an API that is in memory, on a clock that does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import orjson
import pytest

from foundation.errors import TransientError
from ingestion.client import client as client_module
from ingestion.client.client import (
    GIVE_UP_AFTER_SECONDS,
    AcknowledgedEvent,
    Answer,
    api_client,
    check_api,
    post_pin,
    post_pins,
)
from tests.unit import virtual_time

URL = "http://api"
PIN = b'{"unique_id":"a"}'
CREATED = {"unique_id": "a", "event_id": "event"}
Reply = tuple[int, Any, dict[str, str]] | Exception


class Api:
    """An API that gives one reply after the other, the last one for ever.

    Attributes:
        requests: the requests that it got.
    """

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        status, body, headers = reply
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return httpx.Response(status, content=content, headers=headers)

    def open(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=URL, transport=httpx.MockTransport(self))


def _post(api: Api) -> Answer:
    async def post() -> Answer:
        async with api.open() as client:
            return await post_pin(client, PIN, event_id="mine")

    return virtual_time.run(post())


def _without_seconds(answer: Answer) -> tuple[int | None, int, AcknowledgedEvent | None, str]:
    assert answer.seconds >= 0
    return answer.status, answer.retries, answer.acknowledged, answer.detail


def test_an_accepted_pin_has_the_ids_of_the_api() -> None:
    api = Api((201, CREATED, {}))

    assert _without_seconds(_post(api)) == (201, 0, AcknowledgedEvent("a", "event"), "")
    (request,) = api.requests
    assert (request.method, request.url.path, request.content) == ("POST", "/pin/", PIN)
    assert request.headers["idempotency-key"] == "mine"
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "failures",
    [
        [(503, {"detail": "away"}, {})],
        [(429, {}, {}), (503, b"", {})],
        [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")],
    ],
)
def test_a_busy_or_absent_api_is_asked_again_with_the_same_event_id(failures: list[Reply]) -> None:
    api = Api(*failures, (201, CREATED, {}))

    answer = _post(api)

    assert (answer.status, answer.retries) == (201, len(failures))
    assert {request.headers["idempotency-key"] for request in api.requests} == {"mine"}


@pytest.mark.parametrize(("status", "detail"), [(422, "unique_id is missing"), (413, "too large"), (500, "")])
def test_any_other_answer_is_final(status: int, detail: str) -> None:
    api = Api((status, {"detail": detail} if detail else {}, {}))

    assert _without_seconds(_post(api)) == (status, 0, None, detail)
    assert len(api.requests) == 1


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'"text"', b"null"])
@pytest.mark.parametrize("status", [200, 201, 404])
def test_the_answer_of_another_server_is_not_an_acknowledgement(status: int, body: bytes) -> None:
    answer = _post(Api((status, body, {})))

    assert (answer.status, answer.acknowledged) == (status, None)
    assert answer.detail == "this is not an answer of the API"


def test_an_acknowledgement_names_the_event() -> None:
    answer = _post(Api((201, {"unique_id": "a"}, {})))

    assert (answer.acknowledged, answer.detail) == (None, "this is not an answer of the API")


@pytest.mark.parametrize(
    ("header", "least"),
    [("7", 7.0), ("0", 0.0), ("soon", 0.0), ("-3", 0.0), ("86400", GIVE_UP_AFTER_SECONDS), ("9" * 400, 30.0)],
)
def test_the_api_says_how_long_to_wait_at_least(header: str, least: float) -> None:
    api = Api((503, {}, {"Retry-After": header}), (201, CREATED, {}))

    _post(api)

    first, second = api.times
    assert least <= second - first <= least + 0.2


@pytest.mark.parametrize(
    ("reply", "status", "detail"),
    [((503, {"detail": "away"}, {}), 503, "away"), (httpx.ConnectError("refused"), None, "ConnectError")],
)
def test_after_the_last_attempt_the_reason_is_known(
    reply: Reply, status: int | None, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "GIVE_UP_AFTER_SECONDS", 0)

    assert _without_seconds(_post(Api(reply))) == (status, 0, None, detail)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [((503, {}, {}), "HTTPStatusError"), (httpx.ConnectError("refused"), "ConnectError")],
)
def test_an_api_that_does_not_answer_is_named_with_its_address(reply: Reply, reason: str) -> None:
    async def check() -> None:
        async with Api(reply).open() as client:
            await check_api(client)

    with pytest.raises(TransientError) as raised:
        asyncio.run(check())
    assert raised.value.what == f"the API does not answer: {reason}"
    assert raised.value.where.startswith(URL)
    assert "pinlake serve" in raised.value.hint


class EchoApi:
    """An API that accepts every pin under the event id of its request, the later requests first.

    Attributes:
        most: the largest number of requests under way at a time.
    """

    def __init__(self) -> None:
        self._under_way = self.most = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/health":
            return httpx.Response(200)
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await asyncio.sleep(1 / int(orjson.loads(request.content)["unique_id"]))
        self._under_way -= 1
        event = {**orjson.loads(request.content), "event_id": request.headers["idempotency-key"]}
        return httpx.Response(201, json=event)


def _serve(monkeypatch: pytest.MonkeyPatch, api: Callable[..., Any]) -> None:
    def open_client(url: str, *, connections: int) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, transport=httpx.MockTransport(api))

    monkeypatch.setattr(client_module, "api_client", open_client)
    monkeypatch.setattr(asyncio, "run", virtual_time.run)


def _pins(count: int) -> list[bytes]:
    return [b'{"unique_id":"%d"}' % number for number in range(1, count + 1)]


@pytest.mark.parametrize("event_ids", [None, [f"event-{number}" for number in range(5)]])
def test_answers_come_in_the_order_of_the_pins(
    event_ids: Sequence[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = EchoApi()
    _serve(monkeypatch, api)

    answers = post_pins(URL, _pins(5), event_ids=event_ids, connections=3)

    events = [answer.acknowledged for answer in answers if answer.acknowledged]
    assert [event.unique_id for event in events] == ["1", "2", "3", "4", "5"]
    ids = [event.event_id for event in events]
    assert ids == (list(event_ids) if event_ids else sorted(set(ids)))
    assert api.most == 3


def test_every_pin_needs_its_event_id(monkeypatch: pytest.MonkeyPatch) -> None:
    _serve(monkeypatch, EchoApi())

    with pytest.raises(ValueError, match="shorter"):
        post_pins(URL, _pins(2), event_ids=["one"])


def test_a_client_has_as_many_connections_as_asked_for() -> None:
    client = api_client(f"{URL}:8000", connections=3)

    assert str(client.base_url) == "http://api:8000"
    assert client.timeout == httpx.Timeout(client_module.TIMEOUT_SECONDS)
