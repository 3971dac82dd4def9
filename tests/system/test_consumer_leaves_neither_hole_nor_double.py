"""Consumers that are killed, suspended or joined: the landing objects hold every record exactly once."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from foundation.settings import Settings
from ingestion.landing import consumer
from ingestion.landing.run import consume
from tests import commands, records, relay

ROWS = 95
VALUES = [b"%d" % number for number in range(ROWS)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_killed_around_its_puts_and_run_again(stack: Settings, log: Path) -> None:
    own = records.create(stack, max_records=10)
    records.produce(own.kafka, VALUES)
    objects = []
    for moment, put in (("before", 1), ("after", 1), ("midway", 2), ("after", 3), ("before", 2)):
        _run_and_kill(own, moment=moment, put=put, log=log)
        objects.append(len(records.landing_keys(own)))
        records.evict(own.kafka)

    _run(own, log=log)

    # An interrupted put counts only if the store had responded. The offsets of two such objects were not
    # committed: a run that overlooked them would land their records a second time.
    assert objects == [0, 1, 2, 5, 6]
    assert len(records.landing_keys(own)) == 10
    records.assert_all_landed_once(own)
    assert _run(own, log=log)["records"] == 0


def test_two_at_once_share_the_partitions(stack: Settings, log: Path) -> None:
    own = records.create(stack, partitions=4, max_records=50, max_seconds=0.5)
    group = own.kafka.consumer_group
    with ExitStack() as running, records.admin(own.kafka) as admin:
        first = _follow(own, log=log, running=running)
        records.produce(own.kafka, VALUES * 10)
        commands.until(lambda: records.landing_keys(own))
        second = _follow(own, log=log, running=running)
        records.produce(own.kafka, VALUES * 10)
        commands.until(lambda: len(records.members(admin, group)) == 2)
        records.produce(own.kafka, VALUES * 10)
        commands.until(lambda: len(records.read_landed(own)) >= 30 * ROWS)
        summaries = [_end(process) for process in (first, second)]

    assert [sum(run["records"] for run in summaries), all(run["records"] for run in summaries)] == [
        30 * ROWS,
        True,
    ]
    records.assert_all_landed_once(own)


def test_suspended_until_another_has_taken_over_it_lands_nothing_twice(stack: Settings, log: Path) -> None:
    own = records.create(stack, partitions=1, max_seconds=2)
    watcher = _Listed()
    with ExitStack() as running:
        relay_settings = running.enter_context(relay.before_s3(own, watcher))
        sleeper = _follow(relay_settings, log=log, running=running)
        records.produce(own.kafka, VALUES)
        assert watcher.listed.wait(commands.GIVE_UP_AFTER_SECONDS)
        # It has buffered records and sleeps while it loses its partition.
        sleeper.send_signal(signal.SIGSTOP)
        records.evict(own.kafka)
        assert _run(own, log=log)["records"] == ROWS
        sleeper.send_signal(signal.SIGCONT)
        records.produce(own.kafka, [b"one more"])
        commands.until(lambda: len(records.read_landed(own)) > ROWS)
        assert _end(sleeper)["records"] == 1

    records.assert_all_landed_once(own)


def test_it_stops_at_the_end_as_it_was_and_goes_on_there(stack: Settings) -> None:
    own = records.create(stack, max_records=7)
    records.produce(own.kafka, VALUES)

    # Every record that is read adds one more, so that the topic never ends.
    partitions = consume(own, on_records=lambda count: records.produce(own.kafka, [b"more"] * count))

    assert sum(partition.records for partition in partitions) >= ROWS
    consume(own)
    records.assert_all_landed_once(own)


def test_asked_to_end_it_leaves_the_rest_to_the_next_run(stack: Settings) -> None:
    own = records.create(stack, max_records=10)
    records.produce(own.kafka, VALUES)
    stopping = threading.Event()

    consume(own, follow=True, stopping=stopping, on_records=lambda count: stopping.set() if count else None)

    assert len(records.read_landed(own)) < ROWS
    consume(own)
    records.assert_all_landed_once(own)


def test_polls_too_short_for_the_group_to_answer_land_everything(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "POLL_MILLISECONDS", 1)
    own = records.create(stack, max_records=10)
    records.produce(own.kafka, VALUES)

    consume(own)

    records.assert_all_landed_once(own)


class _Listed(relay.Watcher):
    """Notices when the consumer lists the landing objects, which it does with its first records."""

    def __init__(self) -> None:
        self.listed = threading.Event()

    def on_response(self, data: bytes) -> bytes:
        self.listed.set()
        return data


def _run_and_kill(settings: Settings, *, moment: str, put: int, log: Path) -> None:
    process: list[subprocess.Popen[bytes]] = []
    watcher = relay.KillAtPut(lambda: process[0].kill(), moment=moment, put=put)
    with relay.before_s3(settings, watcher) as relay_settings:
        process.append(commands.start("consume", settings=relay_settings, log=log))
        process[0].communicate(timeout=commands.GIVE_UP_AFTER_SECONDS)
    assert process[0].returncode == -signal.SIGKILL, log.read_text()


def _run(settings: Settings, *, log: Path) -> dict[str, Any]:
    process = commands.start("consume", "--json", settings=settings, log=log)
    return _end(process, number=0)


def _follow(settings: Settings, *, log: Path, running: ExitStack) -> subprocess.Popen[bytes]:
    process = commands.start("consume", "--follow", "--json", settings=settings, log=log)
    return running.enter_context(commands.ended(process))


def _end(process: subprocess.Popen[bytes], *, number: int = signal.SIGTERM) -> dict[str, Any]:
    if number:
        process.send_signal(number)
    out, _ = process.communicate(timeout=commands.GIVE_UP_AFTER_SECONDS)
    assert process.returncode == 0
    summary: dict[str, Any] = json.loads(out)
    return summary
