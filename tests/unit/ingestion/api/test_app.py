"""The API without Kafka: it runs, validates requests, and never answers 201."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import orjson
import pytest
from starlette.testclient import TestClient

from foundation.event import new_event_id
from foundation.settings import ApiSettings, KafkaSettings, Settings
from ingestion.api.app import create_app

GOOD = b'{"unique_id":"55abcd28-bda1-4453-bbcd-1427fb3aa49b"}'
LIMITS = ApiSettings(max_body_bytes=4096, max_pin_bytes=1024, acknowledge_seconds=1)


@contextmanager
def _api() -> Iterator[TestClient]:
    # Nothing listens on port 1.
    settings = Settings(_env_file=None, kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"), api=LIMITS)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def api() -> Iterator[TestClient]:
    with _api() as client:
        yield client


def _assert_problem(response: httpx.Response, status: int, field: str | None = None) -> None:
    body = response.json()
    assert (response.status_code, body["status"], body.get("field")) == (status, status, field)
    assert response.headers["content-type"] == "application/problem+json"
    assert body["title"]
    assert body["detail"]


def test_it_lives_but_is_not_ready(api: TestClient) -> None:
    assert api.get("/health").status_code == 200
    _assert_problem(api.get("/ready"), 503)


def test_a_good_pin_is_answered_503_in_time_with_the_id_to_retry_with(api: TestClient) -> None:
    started = time.monotonic()
    response = api.post("/pin/", content=GOOD)
    assert time.monotonic() - started < 5
    _assert_problem(response, 503)
    assert response.headers["retry-after"] == "1"
    assert uuid.UUID(response.json()["event_id"]).version == 7


def test_a_bulk_request_says_so_line_by_line(api: TestClient) -> None:
    response = api.post("/pins", content=GOOD + b"\nnonsense\n")
    _assert_problem(response, 503)
    assert [line["status"] for line in response.json()["results"]] == [503, 400]


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/pin/", b"", 400, None),
        ("/pin/", b"\xff", 400, None),
        ("/pin/", b"{}", 422, "unique_id"),
        ("/pin", b"{}", 422, "unique_id"),
        ("/pin/", b" " * 2000, 413, None),
        ("/pins", b"", 400, None),
        ("/pins", b" \n\r\n", 400, None),
        ("/pins", b"[]", 400, None),
        ("/pins", b"[{},", 400, None),
        ("/pins", b"{}\n{}", 422, None),
        ("/pins", b"{}\n3", 400, None),
        ("/pins", b"\n" * 5000, 413, None),
        ("/nowhere", b"", 404, None),
        ("/health", b"", 405, None),
    ],
)
def test_what_it_refuses(api: TestClient, path: str, body: bytes, status: int, field: str | None) -> None:
    _assert_problem(api.post(path, content=body), status, field)


@pytest.mark.parametrize(
    "key", ["", "x", "0a694b80-fbe5-4a4b-aa8d-515559b1618e", "01800000-0000-7000-8000-000000000000"]
)
def test_an_idempotency_key_must_be_a_fresh_uuid7(api: TestClient, key: str) -> None:
    response = api.post("/pin/", content=GOOD, headers={"Idempotency-Key": key})
    _assert_problem(response, 422, "Idempotency-Key")


@pytest.mark.parametrize("quoted", [False, True])
def test_a_good_idempotency_key_is_the_event_id(api: TestClient, quoted: bool) -> None:
    key = new_event_id()
    sent = f'"{key}"' if quoted else key.upper()
    response = api.post("/pin/", content=GOOD, headers={"Idempotency-Key": sent})
    assert response.json()["event_id"] == key


def test_an_idempotency_key_cannot_name_many_events(api: TestClient) -> None:
    response = api.post("/pins", content=GOOD, headers={"Idempotency-Key": new_event_id()})
    _assert_problem(response, 400, "Idempotency-Key")


def test_a_compressed_body_is_refused_by_name(api: TestClient) -> None:
    response = api.post("/pin/", content=GOOD, headers={"Content-Encoding": "gzip"})
    _assert_problem(response, 415, "Content-Encoding")


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 512


@pytest.mark.parametrize("path", ["/pin/", "/pins"])
def test_a_body_without_a_length_is_read_no_further_than_the_limit(path: str) -> None:
    import asyncio

    settings = Settings(_env_file=None, kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"), api=LIMITS)
    app = create_app(settings)

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
            return await client.post(f"http://door{path}", content=_endless())

    _assert_problem(asyncio.run(asyncio.wait_for(post(), 30)), 413)


def test_the_description_of_the_api_names_both_ways_in(api: TestClient) -> None:
    paths = orjson.loads(api.get("/openapi.json").content)["paths"]
    assert {"/pin/", "/pins", "/health", "/ready"} == set(paths)
