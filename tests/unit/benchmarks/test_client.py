"""The requests of the load generator: complete, with every pin."""

from __future__ import annotations

import pytest

from benchmarks.client import prepare


@pytest.mark.parametrize(("events", "batch", "requests"), [(3, 1, 3), (5, 2, 3), (4, 2, 2)])
def test_requests_hold_every_pin_and_say_how_long_they_are(events: int, batch: int, requests: int) -> None:
    prepared = prepare("127.0.0.1:8000", events=events, batch=batch)
    assert len(prepared) == requests
    pins = 0
    for request in prepared:
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /pin/ " if batch == 1 else b"POST /pins ")
        assert f"Content-Length: {len(body)}".encode() in head
        pins += len(body.splitlines())
    assert pins == events
