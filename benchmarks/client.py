"""A load generator for the API: posts prepared requests over raw keep-alive connections.

It speaks HTTP/1.1 through httptools on asyncio sockets, because a client library would cost more than the
API does. Each connection has one request under way. `python -m benchmarks.client --help` shows the options.
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
class ResponseStats:
    """The number of responses by HTTP status, and the seconds each took."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One connection, which sends the next request as soon as the last is answered.

    Args:
        requests: shared by all connections.
        stats: shared by all connections.
        finished: set when this connection has nothing left to send, or is closed.
    """

    def __init__(
        self, requests: Iterator[bytes], stats: ResponseStats, finished: asyncio.Future[None]
    ) -> None:
        self._requests = requests
        self._stats = stats
        self._finished = finished
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
        """Count the response and send the next request (called by the parser)."""
        self._stats.statuses[self._parser.get_status_code()] += 1
        self._stats.latencies.append(time.perf_counter() - self._sent_at)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """Finish, for any reason; an unanswered request is missing from the stats."""
        if not self._finished.done():
            self._finished.set_result(None)

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._parser = httptools.HttpResponseParser(self)
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def prepare(host: str, *, events: int, batch: int) -> list[bytes]:
    """Return complete requests: /pin/ with one pin each, or /pins with `batch` lines each."""
    path, media_type = ("/pin/", "application/json") if batch == 1 else ("/pins", "application/x-ndjson")
    start = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {media_type}\r\nContent-Length: ".encode()
    pins = [pin for _, pin in fresh_pins(events)]
    bodies = (b"\n".join(pins[begin : begin + batch]) for begin in range(0, events, batch))
    return [start + str(len(body)).encode() + b"\r\n\r\n" + body for body in bodies]


async def post(host: str, port: int, requests: list[bytes], *, connections: int) -> ResponseStats:
    """Send every request and return the statistics of the responses."""
    loop = asyncio.get_running_loop()
    stats, remaining = ResponseStats(), iter(requests)
    futures = [loop.create_future() for _ in range(connections)]
    for future in futures:
        await loop.create_connection(partial(Connection, remaining, stats, future), host, port)
    await asyncio.gather(*futures)
    return stats


def main(
    url: Annotated[str, typer.Argument(help="The API, such as http://127.0.0.1:8000.")],
    events: Annotated[int, typer.Option(min=1, help="Number of pins.")] = 10_000,
    batch: Annotated[int, typer.Option(min=1, help="Pins per request; 1 posts to /pin/.")] = 1,
    connections: Annotated[int, typer.Option(min=1, help="Parallel connections.")] = 64,
) -> None:
    """Post fresh pins to the API and print its responses as JSON. Preparing the pins is not timed.

    Example: python -m benchmarks.client http://127.0.0.1:8000 --batch 1000 --connections 4
    """
    address = urlsplit(url)
    requests = prepare(address.netloc, events=events, batch=batch)
    started = time.perf_counter()
    stats = uvloop.run(post(address.hostname or "", address.port or 80, requests, connections=connections))
    result = {
        "events": events,
        "bytes": sum(map(len, requests)),
        "seconds": time.perf_counter() - started,
        "statuses": dict(stats.statuses),
        "latencies": stats.latencies,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    typer.run(main)
