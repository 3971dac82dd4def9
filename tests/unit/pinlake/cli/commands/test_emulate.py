"""`pinlake emulate`: the answers of the API, and exit code 1 if a pin was not accepted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ingestion.client import emulator
from ingestion.client.client import Answer
from ingestion.client.emulator import EmulationSummary, Pace
from tests.unit.pinlake.cli.command_line import run

SUMMARY = EmulationSummary(
    Counter({"201": 1_000, "400": 1}), retries=2, seconds=4.0, latencies=deque([0.001, 0.002, 0.1234])
)
ACCEPTED = EmulationSummary(Counter({"201": 3}), seconds=1.5)


class Posts(list[tuple[str, int, Pace]]):
    """The URL, the number of pins and the pace of each emulation."""

    summary = ACCEPTED


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Posts:
    """Post nothing."""
    calls = Posts()

    async def emulate(
        url: str,
        pins: Sequence[bytes],
        pace: Pace,
        *,
        stopping: asyncio.Event,
        on_answer: Callable[[Answer], None],
    ) -> EmulationSummary:
        calls.append((url, len(pins), pace))
        return calls.summary

    monkeypatch.setattr(emulator, "emulate", emulate)
    return calls


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "pins.jsonl"
    path.write_text("{}\n" * 3)
    return str(path)


def test_options_set_the_pace(posts: Posts, file: str) -> None:
    run("emulate", "--file", file)
    run(
        "emulate", "--file", file, "--rate", "0", "--count", "7", "--loop", "--connections", "2", "--seed",
        "5", "--url", "http://api:1",
    )  # fmt: skip

    assert posts == [
        ("http://127.0.0.1:8000", 3, Pace(10.0, None, False, 8, None)),
        ("http://api:1", 3, Pace(0.0, 7, True, 2, 5)),
    ]


def test_more_pins_than_the_file_has_need_loop(posts: Posts, file: str) -> None:
    assert run("emulate", "--file", file, "--count", "3").code == 0

    outcome = run("emulate", "--file", file, "--count", "4")

    assert (outcome.code, len(posts)) == (2, 1)
    assert outcome.err == (
        f"error: --count is 4, but the file has 3 pins ({file}). Add --loop, or lower --count.\n"
    )


def test_the_summary_is_printed_and_one_refusal_fails(posts: Posts, file: str) -> None:
    posts.summary = SUMMARY

    outcome = run("emulate", "--file", file)

    assert outcome.code == 1
    assert outcome.words == (
        "status pins 201 1,000 400 1 1,001 posted in 4.0 s (250.2/s), 2 retries "
        "latency p50 2.0 ms p90 123.4 ms p99 123.4 ms"
    )


def test_json_has_null_for_a_latency_that_nobody_measured(posts: Posts, file: str) -> None:
    outcome = run("emulate", "--file", file, "--json")

    assert outcome.code == 0
    assert outcome.documents == [
        {
            "posted": 3,
            "statuses": {"201": 3},
            "retries": 0,
            "seconds": 1.5,
            "rate": 2.0,
            "latency_ms": {"p50": None, "p90": None, "p99": None},
        }
    ]


def test_an_emulation_that_posted_nothing_has_a_summary_too(posts: Posts, file: str) -> None:
    posts.summary = EmulationSummary()

    outcome = run("emulate", "--file", file, "--json")

    (document,) = outcome.documents
    assert (outcome.code, document["posted"], document["rate"]) == (0, 0, 0.0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_the_summary_is_printed(
    number: signal.Signals, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def emulate(*_: object, stopping: asyncio.Event, **__: object) -> EmulationSummary:
        os.kill(os.getpid(), number)
        await stopping.wait()
        return ACCEPTED

    monkeypatch.setattr(emulator, "emulate", emulate)

    outcome = run("emulate", "--file", file, "--loop", "--json")

    assert (outcome.code, outcome.documents[0]["posted"]) == (0, 3)
