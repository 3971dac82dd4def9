"""Clients that stall, hang up, send garbage or never stop sending do not affect other clients."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

PIN = b'{"unique_id":"55abcd28-bda1-4453-bbcd-1427fb3aa49b"}'
LONG = b"a" * (4 * 1024 * 1024)


def _post(body: bytes, *headers: bytes, path: bytes = b"/pin/", length: bytes | None = None) -> bytes:
    size = b"%d" % len(body) if length is None else length
    lines = [b"POST %s HTTP/1.1" % path, b"Host: api", *headers, b"Content-Length: " + size, b"", body]
    return b"\r\n".join(lines)


def _chunked(*parts: bytes) -> bytes:
    head = b"POST /pin/ HTTP/1.1\r\nHost: api\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def _connect(api_url: str) -> socket.socket:
    address = urlsplit(api_url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=20)


def _answer(connection: socket.socket) -> bytes:
    """Return everything received until the API closes the connection."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except ConnectionResetError:
        pass  # the API closed while this client was still sending
    return answer


def _assert_problem(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: application/problem+json" in head
    assert orjson.loads(body)["status"] == status


@pytest.fixture(autouse=True)
def unharmed(api_url: str) -> Iterator[None]:
    yield
    assert httpx.get(f"{api_url}/ready").json() == {"status": "ready"}
    assert httpx.post(f"{api_url}/pin/", content=PIN).status_code == 201


@pytest.mark.parametrize(
    "request_bytes",
    [
        os.urandom(4096) + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        _post(PIN, length=b"many"),
        _post(PIN, length=b"-5"),
        _post(PIN, length=b"9" * 30),
        _post(PIN, b"Content-Length: 3"),
        _post(PIN, b"Transfer-Encoding: chunked"),
        _chunked(PIN) + b"zz\r\n",
    ],
)
def test_what_is_not_http_gets_a_problem_and_the_end(api_url: str, request_bytes: bytes) -> None:
    with closing(_connect(api_url)) as connection:
        connection.sendall(request_bytes)
        _assert_problem(_answer(connection), 400)


@pytest.mark.parametrize("start", [b"GET /", b"GET /health HTTP/1.1\r\nLong: "])
def test_a_head_without_end_is_cut_off(api_url: str, start: bytes) -> None:
    with closing(_connect(api_url)) as connection:
        try:
            for part in (start, *[LONG] * 25):
                connection.sendall(part)
        except OSError:
            pass  # cut off
        else:
            pytest.fail("100 MiB of a header were taken")


def test_a_client_that_half_closes_gets_its_answer(api_url: str) -> None:
    for request_bytes in (_post(PIN), _post(PIN) * 3, _chunked(PIN[:10], PIN[10:], b"")):
        with closing(_connect(api_url)) as connection:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            assert _answer(connection).count(b"HTTP/1.1 201 ") == max(1, request_bytes.count(b"POST"))


def test_a_client_that_half_closes_within_its_body_is_let_go(api_url: str) -> None:
    for request_bytes in (_post(PIN, length=b"100"), _chunked(PIN)):
        with closing(_connect(api_url)) as connection:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            assert b" 201 " not in _answer(connection)


def test_a_client_that_stalls_gets_a_problem_while_others_are_served(api_url: str) -> None:
    stalled = [_connect(api_url) for _ in range(200)]
    for connection in stalled:
        connection.sendall(_post(PIN, length=b"100"))
    assert httpx.post(f"{api_url}/pin/", content=PIN).status_code == 201
    for connection in stalled:
        with closing(connection):
            _assert_problem(_answer(connection), 408)


def test_nothing_after_a_refused_upgrade_becomes_a_request(api_url: str) -> None:
    smuggled = b"GET /health HTTP/1.1\r\nHost: api\r\n\r\n"
    with closing(_connect(api_url)) as connection:
        connection.sendall(_post(smuggled, b"Connection: Upgrade", b"Upgrade: h2c"))
        answer = _answer(connection)
    _assert_problem(answer, 400)
    assert b" 200 OK" not in answer
    assert b'"field":"Upgrade"' in answer


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(api_url: str) -> None:
    head, body = _post(PIN, b"Expect: 100-continue", b"Connection: close").split(b"\r\n\r\n")
    with closing(_connect(api_url)) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert _answer(connection).startswith(b"HTTP/1.1 201 ")
