"""A TCP relay in front of a server, for tests that act when a certain request or response passes."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from foundation.settings import Settings
from lakehouse.catalog.tables import Table
from tests import commands

BYTES = 1 << 20
COMMIT = re.compile(rb"PUT \S+/_delta_log/\d{20}\.json ")
SLOW_DOWN = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"


class Watcher:
    """An observer that may change the traffic, or end the connection by an OSError; this one does neither."""

    def on_request(self, data: bytes) -> bytes:
        """Return the bytes to pass on to the server."""
        return data

    def on_response(self, data: bytes) -> bytes:
        """Return the bytes to pass on to the client."""
        return data


class KillAtPut(Watcher):
    """Kills the client at its n-th PUT: before the server receives it, midway, or after it has succeeded.

    Args:
        kill: ends the client at once.
        moment: "before", "midway" or "after".
        put: number of the PUT, from 1.
    """

    def __init__(self, kill: Callable[[], None], *, moment: str, put: int = 1) -> None:
        self._kill = kill
        self._moment = moment
        self._left = put
        self._waiting = False

    def on_request(self, data: bytes) -> bytes:
        if data.startswith(b"PUT "):
            self._left -= 1
            self._waiting = self._left == 0
        if not self._waiting or self._moment == "after":
            return data
        self._kill()
        return b"" if self._moment == "before" else data[:-1]

    def on_response(self, data: bytes) -> bytes:
        if not self._waiting or not data.startswith(b"HTTP/1.1 200"):
            return data
        self._kill()
        return b""


class FaultAtCommit(Watcher):
    """Loses, delays or replaces by a 503 the traffic that creates a commit file of a Delta log.

    Args:
        fault: "request lost", "answer lost", "no answer" (the connection stays open) or "answer 503"; the
            server has created the file in all but the first.

    Attributes:
        times: number of faults that are still to come.
    """

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._waiting = False
        self.times = 0

    def on_request(self, data: bytes) -> bytes:
        if self.times and COMMIT.match(data):
            if self._fault == "request lost":
                self.times -= 1
                raise ConnectionAbortedError
            self._waiting = True
        return data

    def on_response(self, data: bytes) -> bytes:
        if not self._waiting or data.startswith(b"HTTP/1.1 100"):
            return data
        self._waiting = False
        if not data.startswith(b"HTTP/1.1 200"):
            return data
        self.times -= 1
        if self._fault == "answer lost":
            raise ConnectionAbortedError
        return b"" if self._fault == "no answer" else SLOW_DOWN


class HoldsBackCommits(Watcher):
    """Delays commits until the test releases them.

    Args:
        commits: tables, with the version to delay.

    Attributes:
        reached: set when all of them are delayed.
        may_go: set by the test to release them.
    """

    def __init__(self, *commits: tuple[Table, int]) -> None:
        self._names = {
            f"/{table.layer}/{table.name}/_delta_log/{version:020}.json ".encode()
            for table, version in commits
        }
        self._delayed: set[bytes] = set()
        self.reached = threading.Event()
        self.may_go = threading.Event()

    def on_request(self, data: bytes) -> bytes:
        if COMMIT.match(data) and (commit_names := {name for name in self._names if name in data}):
            self._delayed |= commit_names
            if self._delayed == self._names:
                self.reached.set()
            self.may_go.wait(commands.GIVE_UP_AFTER_SECONDS)
        return data


class SeesLeaseRead(Watcher):
    """Sets `read` when a client requests the object of a lease."""

    def __init__(self) -> None:
        self.read = threading.Event()

    def on_request(self, data: bytes) -> bytes:
        if data.startswith(b"GET ") and b"/_leases/" in data.split(b" ")[1]:
            self.read.set()
        return data


@contextmanager
def before_s3(settings: Settings, watcher: Watcher) -> Iterator[Settings]:
    """Yield settings that reach the object store through a relay, during the block."""
    target = urlsplit(settings.s3.endpoint or "")
    sockets: list[socket.socket] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((target.hostname or "", target.port or 0)) as server:
                sockets.extend((self.request, server))
                response_thread = threading.Thread(
                    target=_pump, args=(server, self.request, watcher.on_response)
                )
                response_thread.start()
                _pump(self.request, server, watcher.on_request)
                response_thread.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as relay:
        threading.Thread(target=relay.serve_forever, args=(0.05,)).start()
        s3 = settings.s3.model_copy(update={"endpoint": f"http://127.0.0.1:{relay.server_address[1]}"})
        try:
            yield settings.model_copy(update={"s3": s3})
        finally:
            relay.shutdown()
            # A client's pool keeps connections open for a minute, and the relay's threads would wait.
            for connection in sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, sink: socket.socket, watch: Callable[[bytes], bytes]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(BYTES):
            sink.sendall(watch(data))
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
