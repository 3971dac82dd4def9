"""Latencies, the pace of posts on a virtual clock, and the error of an API that does not answer."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from foundation.errors import TransientError
from ingestion.client import emulator
from ingestion.client.client import Answer, post_pins
from ingestion.client.emulator import EmulationSummary, Pace, emulate
from tests.unit import virtual_time

NOBODY = "http://127.0.0.1:1"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.integers(1, 100))
def test_a_percentile_is_not_exceeded_by_that_share(latencies: list[float], percent: int) -> None:
    summary = EmulationSummary()
    for latency in latencies:
        summary.add(Answer(201, latency, retries=0))
    value = summary.percentile(percent)
    assert value in latencies
    assert sum(latency <= value for latency in latencies) * 100 >= percent * len(latencies)


def test_nothing_posted_has_no_latency() -> None:
    assert EmulationSummary().percentile(50) is None


def test_unanswered_posts_are_counted_as_such() -> None:
    summary = EmulationSummary()
    summary.add(Answer(None, 1.0, retries=4))
    assert (summary.statuses, summary.retries) == ({"unanswered": 1}, 4)


def test_an_api_that_does_not_answer_is_an_error_at_once() -> None:
    with pytest.raises(TransientError, match="pinlake serve"):
        post_pins(NOBODY, [b"{}"])
    with pytest.raises(TransientError, match="pinlake serve"):
        asyncio.run(emulate(NOBODY, [b"{}"], Pace(0), stopping=asyncio.Event()))


class Api:
    """An API on the virtual clock that takes some time for each pin.

    Attributes:
        times: when each pin arrived.
        pins: the pins, in the order of their arrival.
        most: the largest number of requests under way at a time.
    """

    def __init__(self, *, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._under_way = self.most = 0
        self.times: list[float] = []
        self.pins: list[bytes] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/health":
            return httpx.Response(200)
        self.times.append(asyncio.get_running_loop().time())
        self.pins.append(request.content)
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await asyncio.sleep(self._seconds)
        self._under_way -= 1
        return httpx.Response(201, json={"unique_id": "a", "event_id": request.headers["idempotency-key"]})


def _emulate(
    api: Api, pins: list[bytes], pace: Pace, *, stop_after: float | None = None
) -> tuple[EmulationSummary, list[Answer]]:
    answers: list[Answer] = []

    async def run() -> EmulationSummary:
        stopping = asyncio.Event()
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, stopping.set)
        return await emulate("http://api", pins, pace, stopping=stopping, on_answer=answers.append)

    def open_client(url: str, *, connections: int) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, transport=httpx.MockTransport(api))

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(emulator, "api_client", open_client)
        return virtual_time.run(run()), answers


PINS = [b"%d" % number for number in range(6)]


@hypothesis_settings(max_examples=20)
@given(st.integers(0, 15), st.booleans(), st.integers(0, 1000))
def test_each_pin_is_posted_once_or_the_data_set_again_in_another_order(
    count: int, loop: bool, seed: int
) -> None:
    api = Api()

    summary, answers = _emulate(api, PINS, Pace(0, count, loop, connections=1, seed=seed))

    expected = count if loop else min(count, len(PINS))
    assert (len(api.pins), summary.posted, len(answers)) == (expected, expected, expected)
    rounds = [api.pins[start : start + len(PINS)] for start in range(0, expected, len(PINS))]
    assert all(len(set(pins)) == len(pins) for pins in rounds)


def test_the_same_seed_gives_the_same_order_and_the_same_gaps() -> None:
    first, second, other = Api(), Api(), Api()
    for api, seed in ((first, 1), (second, 1), (other, 2)):
        _emulate(api, PINS, Pace(5, seed=seed))

    assert (first.pins, first.times) == (second.pins, second.times)
    assert first.pins != other.pins


def test_posts_keep_the_rate_on_average() -> None:
    api = Api(seconds=0.5)

    summary, _ = _emulate(api, PINS, Pace(50, count=300, loop=True, connections=100, seed=7))

    assert summary.seconds == pytest.approx(6.5, rel=0.15)
    gaps = sorted(after - before for before, after in pairwise(api.times))
    assert gaps[0] < 0.002
    assert gaps[-1] > 0.06


def test_a_late_post_does_not_shift_the_later_ones() -> None:
    slow, fast = Api(seconds=0.4), Api()
    # Two pins per second fit into one connection, although single gaps are shorter than an answer takes.
    _emulate(slow, PINS, Pace(1, count=60, loop=True, connections=1, seed=7))
    _emulate(fast, PINS, Pace(1, count=60, loop=True, connections=1, seed=7))

    assert slow.times[-1] - fast.times[-1] < 2


def test_no_more_posts_are_under_way_than_there_are_connections() -> None:
    api = Api(seconds=1)

    summary, _ = _emulate(api, PINS, Pace(0, connections=4))

    assert api.most == 4
    assert summary.seconds == pytest.approx(2)


def test_an_early_stop_ends_a_gap_and_awaits_the_posts_under_way() -> None:
    api = Api(seconds=0.001)

    summary, _ = _emulate(api, PINS, Pace(0.001, count=3, seed=1), stop_after=0.5)
    assert summary.posted == 0
    assert summary.seconds == pytest.approx(0.5)

    summary, _ = _emulate(Api(seconds=3), PINS, Pace(0, loop=True, connections=2), stop_after=1)
    assert summary.posted >= 2
    assert set(summary.statuses) == {"201"}
