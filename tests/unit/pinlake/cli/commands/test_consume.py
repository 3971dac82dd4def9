"""`pinlake consume`: what landed, by partition and in all."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable

import pytest

from foundation import kafka_admin
from foundation.settings import Settings
from ingestion.landing import run as landing
from ingestion.landing.consumer import PartitionCounts
from tests.unit.pinlake.cli.command_line import run

COUNTS = [
    PartitionCounts("pins", 0, 1_200, 2, 34_567, 99_999, already_landed=1),
    PartitionCounts("pins", 1, 34, 1, 890, 9_999),
]


@pytest.fixture
def follows(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Land `COUNTS` in place of Kafka's records, and return whether each run followed the topic."""
    calls: list[bool] = []

    def consume(
        _: Settings, *, follow: bool, stopping: threading.Event, on_records: Callable[[int], None]
    ) -> list[PartitionCounts]:
        calls.append(follow)
        on_records(1_234)
        return COUNTS

    monkeypatch.setattr(landing, "consume", consume)
    monkeypatch.setattr(kafka_admin, "backlog", lambda _: 1_234)
    return calls


@pytest.mark.usefixtures("follows")
def test_partitions_and_the_total_are_printed() -> None:
    lines = [" ".join(line.split()) for line in run("consume").out.splitlines()]

    assert lines[:3] == [
        "topic partition records objects bytes already landed",
        "pins 0 1,200 2 34,567 1",
        "pins 1 34 1 890 0",
    ]
    assert re.fullmatch(r"1,234 records landed in \d+\.\d s", lines[3])


@pytest.mark.usefixtures("follows")
def test_json_has_the_stored_names() -> None:
    (document,) = run("consume", "--json").documents

    assert list(document) == ["records", "seconds", "partitions"]
    assert document["records"] == 1_234
    assert document["partitions"][0] == {
        "topic": "pins", "partition": 0, "records": 1_200, "objects": 2, "bytes": 34_567,
        "uncompressed_bytes": 99_999, "adopted": 1,
    }  # fmt: skip


def test_only_a_run_that_follows_does_not_ask_for_the_end(
    follows: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("consume").code == 0
    monkeypatch.setattr(kafka_admin, "backlog", lambda _: pytest.fail("the end of the topic was asked for"))
    assert run("consume", "--follow").code == 0

    assert follows == [False, True]


def test_an_empty_topic_prints_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "consume", lambda *_, **__: [])
    monkeypatch.setattr(kafka_admin, "backlog", lambda _: 0)

    assert re.fullmatch(r"0 records landed in \d+\.\d s\n", run("consume").out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_run_end(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    def consume(_: Settings, *, stopping: threading.Event, **__: object) -> list[PartitionCounts]:
        assert not stopping.is_set()
        signal.raise_signal(number)
        return COUNTS if stopping.is_set() else []

    monkeypatch.setattr(landing, "consume", consume)

    (document,) = run("consume", "--follow", "--json").documents

    assert document["records"] == 1_234
