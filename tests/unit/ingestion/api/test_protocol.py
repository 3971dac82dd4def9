"""HTTP as bytes: split anywhere, pipelined, too long, or not HTTP at all; the transport is in memory."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson
import pytest
import uvicorn
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from ingestion.api.protocol import MAX_HEAD_BYTES, Protocol
from tests.unit import virtual_time

GET = b"GET /get HTTP/1.1\r\nHost: api\r\n\r\n"
MANY = 100 * (b"GET /get HTTP/1.1\r\nHost: api\r\nX: " + 1000 * b"x" + b"\r\n\r\n")


class Transport(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self.written += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


@dataclass(frozen=True)
class Exchange:
    """The statuses and bodies that a client has received, and the state of its connection."""

    statuses: list[int]
    bodies: list[bytes]
    headers: list[bytes]
    closed: bool
    kept_after_eof: bool | None = None


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{scope['path']} {len(body)}")(scope, receive, send)


CONFIG = uvicorn.Config(_echo, http=Protocol, ws="none", lifespan="off", log_config=None, server_header=False)


def _send(*chunks: bytes, eof: bool = False) -> Exchange:
    return virtual_time.run(_exchange(chunks, eof=eof))


async def _exchange(chunks: tuple[bytes, ...], *, eof: bool) -> Exchange:
    protocol, transport = Protocol(CONFIG, ServerState(), {}, asyncio.get_running_loop()), Transport()
    protocol.connection_made(transport)
    for chunk in chunks:
        if not transport.is_closing():
            protocol.data_received(chunk)
    is_open = protocol.eof_received() if eof else None
    await asyncio.sleep(1)  # less than the timeout of an idle connection
    return _read(transport, is_open)


def _read(transport: Transport, is_open: bool | None) -> Exchange:
    statuses, bodies, headers, rest = [], [], [], transport.written
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        statuses.append(int(head.split()[1]))
        length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index] # every response has one
        headers.append(head)
        bodies.append(rest[:length])
        rest = rest[length:]
    return Exchange(statuses, bodies, headers, transport.is_closing(), is_open)


def _post(size: int) -> bytes:
    return b"POST /post HTTP/1.1\r\nHost: api\r\nContent-Length: %d\r\n\r\n%s" % (size, b"x" * size)


def _pieces(data: bytes, cuts: list[int]) -> tuple[bytes, ...]:
    edges = [0, *sorted({cut % len(data) for cut in cuts} - {0}), len(data)]
    return tuple(data[start:end] for start, end in pairwise(edges))


def _problem(exchange: Exchange) -> dict[str, Any]:
    (body,), (head,) = exchange.bodies, exchange.headers
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    assert exchange.closed
    problem: dict[str, Any] = orjson.loads(body)
    assert exchange.statuses == [problem["status"]]
    return problem


@hypothesis_settings(max_examples=30)
@given(st.lists(st.integers(0, 10_000), max_size=6), st.integers(0, 200))
def test_requests_are_answered_alike_however_they_are_split(cuts: list[int], size: int) -> None:
    requests = GET + _post(size) + GET

    exchange = _send(*_pieces(requests, cuts))

    assert exchange.statuses == [200, 200, 200]
    assert exchange.bodies == [b"/get 0", b"/post %d" % size, b"/get 0"]
    assert not exchange.closed


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=4))
def test_no_bytes_break_a_connection_without_an_answer(chunks: list[bytes]) -> None:
    exchange = _send(*chunks)

    assert exchange.closed == bool(exchange.statuses)
    assert set(exchange.statuses) <= {400}


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01", b"GET /\x00 HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX\r\n\r\n"]
)
def test_what_is_not_http_is_answered_with_a_problem(data: bytes) -> None:
    problem = _problem(_send(data))

    assert (problem["status"], problem["detail"]) == (400, "Invalid HTTP request received.")


@pytest.mark.parametrize(("size", "rejected"), [(MAX_HEAD_BYTES, False), (MAX_HEAD_BYTES + 1, True)])
def test_a_head_may_have_so_many_bytes_before_it_ends(size: int, rejected: bool) -> None:
    start = b"GET /get HTTP/1.1\r\nX: "
    exchange = _send(*_pieces(start + b"x" * (size - len(start)), [1000, 40_000]), b"\r\n\r\n")

    if rejected:
        problem = _problem(exchange)
        assert problem["status"] == 431
        assert problem["detail"] == "request line and headers are larger than 65536 bytes"
    else:
        assert (exchange.statuses, exchange.closed) == ([200], False)


def test_every_head_is_counted_for_itself_and_bodies_are_not() -> None:
    start = b"GET /get HTTP/1.1\r\nX: "
    head = start + b"x" * (MAX_HEAD_BYTES // 2)

    exchange = _send(head, b"\r\n\r\n", head, b"\r\n\r\n", _post(2 * MAX_HEAD_BYTES), head, b"\r\n\r\n")

    assert exchange.statuses == [200, 200, 200, 200]


@pytest.mark.parametrize("before", [_post(2 * MAX_HEAD_BYTES), MANY], ids=["large body", "many requests"])
def test_a_short_head_behind_other_requests_in_the_same_data_is_not_too_long(before: bytes) -> None:
    exchange = _send(before + GET[:20], GET[20:])

    assert set(exchange.statuses) == {200}
    assert exchange.bodies[-1] == b"/get 0"
    assert not exchange.closed


def test_an_endless_head_behind_another_request_is_rejected() -> None:
    exchange = _send(GET + b"GET / HTTP/1.1\r\nX: ", b"x" * MAX_HEAD_BYTES, b"x")

    assert exchange.statuses[-1] == 431
    assert exchange.closed


@pytest.mark.parametrize(
    ("data", "statuses", "is_open"),
    [
        (b"", [], False),
        (GET[:10], [], False),
        (GET, [200], True),
        (_post(10), [200], True),
        (_post(10)[:-1], [], False),
    ],
    ids=["nothing", "part of a head", "request", "request with body", "part of a body"],
)
def test_a_client_that_closes_its_side_gets_the_answer_to_a_complete_request(
    data: bytes, statuses: list[int], is_open: bool
) -> None:
    exchange = _send(*filter(None, [data]), eof=True)

    assert exchange.kept_after_eof is is_open
    if is_open:
        assert (exchange.statuses, exchange.closed) == (statuses, True)


def test_a_client_that_closes_its_side_after_the_answer_is_let_go() -> None:
    async def exchange() -> bool:
        protocol = Protocol(CONFIG, ServerState(), {}, asyncio.get_running_loop())
        protocol.connection_made(Transport())
        protocol.data_received(GET)
        await asyncio.sleep(1)
        return protocol.eof_received()

    assert virtual_time.run(exchange()) is False


def test_the_body_after_a_request_to_upgrade_is_not_read_as_the_next_request() -> None:
    upgrade = b"GET /get HTTP/1.1\r\nHost: api\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"

    exchange = _send(upgrade + GET)

    assert (exchange.statuses, exchange.closed) == ([200], True)
