"""The load on the door: a process of its own that posts prepared requests over raw keep-alive connections.

It speaks HTTP/1.1 through httptools on asyncio sockets, because a client library would cost more than the
door does. Each connection has one request under way. `python -m benchmarks.client --help` tells the rest.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, cast
from urllib.parse import urlsplit

import httptools
import typer
import uvloop

from benchmarks.pins import fresh_pins


@dataclass
class Tally:
    """What the door has answered, by HTTP status, and the seconds each answer took."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One connection: the next request as soon as the last is answered.

    Args:
        requests: shared by all connections.
        tally: shared too.
        done: is set when this connection has nothing left to send, or was closed.
    """

    def __init__(self, requests: Iterator[bytes], tally: Tally, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._tally = tally
        self._done = done
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        # uvloop's transports have its methods, but not asyncio's class.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Count the answer and go on (called by the parser)."""
        self._tally.statuses[self._parser.get_status_code()] += 1
        self._tally.latencies.append(time.perf_counter() - self._sent_at)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """End, whatever the reason: what was not answered is missing in the tally."""
        if not self._done.done():
            self._done.set_result(None)

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._parser = httptools.HttpResponseParser(self)
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def prepare(host: str, *, events: int, batch: int) -> list[bytes]:
    """Return whole requests: /pin/ with one pin each, or /pins with `batch` lines each."""
    path, media_type = ("/pin/", "application/json") if batch == 1 else ("/pins", "application/x-ndjson")
    start = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {media_type}\r\nContent-Length: ".encode()
    pins = [pin for _, pin in fresh_pins(events)]
    bodies = (b"\n".join(pins[begin : begin + batch]) for begin in range(0, events, batch))
    return [start + str(len(body)).encode() + b"\r\n\r\n" + body for body in bodies]


async def post(host: str, port: int, requests: list[bytes], *, connections: int) -> Tally:
    """Send every request and return how it was answered."""
    loop = asyncio.get_running_loop()
    tally, waiting = Tally(), iter(requests)
    ends = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(partial(Connection, waiting, tally, end), host, port)
    await asyncio.gather(*ends)
    return tally


def main(
    url: Annotated[str, typer.Argument(help="The door, such as http://127.0.0.1:8000.")],
    events: Annotated[int, typer.Option(min=1, help="How many pins.")] = 10_000,
    batch: Annotated[int, typer.Option(min=1, help="Pins a request; 1 posts to /pin/.")] = 1,
    connections: Annotated[int, typer.Option(min=1, help="Connections side by side.")] = 64,
) -> None:
    """Post fresh pins to a door and print, as JSON, how it answered. Preparing them is not timed.

    Example: python -m benchmarks.client http://127.0.0.1:8000 --batch 1000 --connections 4
    """
    address = urlsplit(url)
    requests = prepare(address.netloc, events=events, batch=batch)
    started = time.perf_counter()
    tally = uvloop.run(post(address.hostname or "", address.port or 80, requests, connections=connections))
    answer = {
        "events": events,
        "bytes": sum(map(len, requests)),
        "seconds": time.perf_counter() - started,
        "statuses": dict(tally.statuses),
        "latencies": tally.latencies,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    typer.run(main)
