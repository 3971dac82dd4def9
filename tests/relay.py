"""A TCP relay in front of a server, for tests that act at the very moment a request or an answer passes."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from pinlake.settings import Settings

BYTES = 1 << 20


class Watcher:
    """Sees what passes, and may change it; this one lets everything through."""

    def asked(self, sent: bytes) -> bytes:
        """Return what is to reach the server of what a client has sent."""
        return sent

    def answered(self, sent: bytes) -> bytes:
        """Return what is to reach the client of what the server has sent."""
        return sent


class KillAtPut(Watcher):
    """Kills the client at its n-th PUT: before the server hears of it, midway, or once it has succeeded.

    Args:
        kill: ends the client at once.
        moment: "asked", "midway" or "answered".
        put: which one, from 1.
    """

    def __init__(self, kill: Callable[[], None], *, moment: str, put: int = 1) -> None:
        self._kill = kill
        self._moment = moment
        self._left = put
        self._waiting = False

    def asked(self, sent: bytes) -> bytes:
        if sent.startswith(b"PUT "):
            self._left -= 1
            self._waiting = self._left == 0
        if not self._waiting or self._moment == "answered":
            return sent
        self._kill()
        return b"" if self._moment == "asked" else sent[:-1]

    def answered(self, sent: bytes) -> bytes:
        if not self._waiting or not sent.startswith(b"HTTP/1.1 200"):
            return sent
        self._kill()
        return b""


@contextmanager
def before_s3(settings: Settings, watcher: Watcher) -> Iterator[Settings]:
    """Give settings whose object store is reached through a relay, until the end of the block."""
    target = urlsplit(settings.s3.endpoint or "")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((target.hostname or "", target.port or 0)) as server:
                back = threading.Thread(target=_pump, args=(server, self.request, watcher.answered))
                back.start()
                _pump(self.request, server, watcher.asked)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as relay:
        threading.Thread(target=relay.serve_forever, args=(0.05,)).start()
        s3 = settings.s3.model_copy(update={"endpoint": f"http://127.0.0.1:{relay.server_address[1]}"})
        try:
            yield settings.model_copy(update={"s3": s3})
        finally:
            relay.shutdown()


def _pump(source: socket.socket, sink: socket.socket, watch: Callable[[bytes], bytes]) -> None:
    with contextlib.suppress(OSError):
        while sent := source.recv(BYTES):
            sink.sendall(watch(sent))
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
