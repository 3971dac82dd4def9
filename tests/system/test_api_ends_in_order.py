"""SIGTERM ends the API in order: it answers open requests, accepts no new ones, and exits with 0."""

from __future__ import annotations

import os
import signal
import socket
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from foundation import kafka_admin as topics
from foundation.settings import Settings
from tests import commands, records

REQUESTS = 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_request_under_way_is_answered(stack: Settings, tmp_path: Path, number: int) -> None:
    own = records.isolate(stack)
    pins = [b'{"unique_id":"%s"}' % str(uuid.uuid4()).encode() for _ in range(REQUESTS)]
    with commands.running_api(own, log=tmp_path / "log") as api:
        connections = [_ask_to_send(api.url, pin) for pin in pins]
        os.kill(api.process.pid, number)
        commands.until(lambda: not _takes_connections(api.url))
        answers = []
        for connection, pin in zip(connections, pins, strict=True):
            with connection:
                connection.sendall(pin)
                answers.append(connection.makefile("rb").readline())
        assert api.process.wait(commands.GIVE_UP_AFTER_SECONDS) == 0

    assert answers == [b"HTTP/1.1 201 Created\r\n"] * REQUESTS
    stream_records = records.read(own.kafka, own.kafka.stream_topic)
    assert sorted(record.value or b"" for record in stream_records) == sorted(pins)
    assert topics.backlog(own.kafka) == REQUESTS


def test_clients_that_hold_connections_do_not_hold_up_the_end(stack: Settings, tmp_path: Path) -> None:
    with commands.running_api(records.isolate(stack), log=tmp_path / "log") as api:
        idle, headless, stalled = (_connect(api.url) for _ in range(3))
        headless.sendall(b"POST /pin/ HTT")
        stalled.sendall(_head(length=100) + b"{")
        api.process.terminate()
        assert api.process.wait(commands.GIVE_UP_AFTER_SECONDS) == 0
        for connection in (idle, headless, stalled):
            connection.close()
    assert "Traceback" not in api.log.read_text()


def _ask_to_send(url: str, pin: bytes) -> socket.socket:
    """Send a request's head, and return when the API asks for the body."""
    connection = _connect(url)
    connection.sendall(_head(b"Expect: 100-continue\r\n", length=len(pin)))
    assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return connection


def _head(headers: bytes = b"", *, length: int) -> bytes:
    return b"POST /pin/ HTTP/1.1\r\nHost: api\r\n%sContent-Length: %d\r\n\r\n" % (headers, length)


def _takes_connections(url: str) -> bool:
    try:
        _connect(url).close()
    except ConnectionRefusedError:
        return False
    return True


def _connect(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=20)
