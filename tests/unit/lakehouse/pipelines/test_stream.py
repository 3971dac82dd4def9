"""The stream lane: what it does when Kafka has lost records, and when a server does not answer."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from foundation.errors import TerminalError, TransientError
from foundation.settings import KafkaSettings, Settings, StreamSettings
from lakehouse.bronze import sources
from lakehouse.delta.lake import MicroBatch
from lakehouse.delta.locks.owner import LockOwner
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines import stream
from lakehouse.pipelines.stream import StreamLane
from lakehouse.pipelines.stream_status import StreamStatus
from lakehouse.pipelines.stream_status_writer import Intervals, StreamStatusWriter
from tests.unit.lakehouse.in_memory_lake import InMemoryLake
from tests.unit.lakehouse.pipelines.streams import Source

AWAY = TransientError("Postgres is away", where="there", hint="Start it.")
RECORD = Settings(kafka=KafkaSettings(on_data_loss="record"))


class Servers:
    """Everything that the lane talks to, without any of it.

    Attributes:
        source: the topic.
        earliest: the first offset that Kafka still has, or the error that it answers with.
        failures: what the next writes raise, one per write.
        written: the micro-batches written.
        audits: how often the tables were audited.
        skips_lost_offsets: whether the source was opened to skip what is lost.
        states: the states of the lane that were written into the bucket.
    """

    def __init__(self, *sizes: int, stays_open: bool = False) -> None:
        self.lake = InMemoryLake()
        self.source = Source(self.lake.files, *sizes, stays_open=stays_open)
        self.earliest: int | Exception = 0
        self.failures: list[Exception] = []
        self.written: list[MicroBatch] = []
        self.audits = 0
        self.skips_lost_offsets: bool | None = None
        self.states: list[StreamStatus] = []
        self.on_write = threading.Event()

    def lane(self, settings: Settings) -> StreamLane:
        """Return the lane."""
        status = StreamStatusWriter(
            self._put, owner=LockOwner.this_process("pinlake stream"), intervals=Intervals(600.0, 600.0)
        )
        return StreamLane(self.lake, settings, earliest=self._ask_kafka, status=status)

    def write(self, rows: Any, batch: MicroBatch) -> StepMetrics:  # noqa: ANN401 - a stand-in's rows
        if self.failures:
            raise self.failures.pop(0)
        self.written.append(batch)
        self.on_write.set()
        return StepMetrics(read=rows.size, written=rows.size)

    def ensure(self) -> None:
        pass

    def audit_once(self) -> None:
        self.audits += 1

    def __enter__(self) -> Servers:
        """Begin to audit."""
        return self

    def __exit__(self, *_: object) -> None:
        """Audit a last time."""
        self.audit_once()

    def read_kafka(self, *_: object, skip_lost_offsets: bool, **__: object) -> object:
        self.skips_lost_offsets = skip_lost_offsets
        return self.source.dataframe

    def _ask_kafka(self) -> dict[str, dict[str, int]]:
        if isinstance(self.earliest, Exception):
            raise self.earliest
        return {"t": {"0": self.earliest}}

    def _put(self, text: str) -> None:
        self.states.append(StreamStatus.from_json(text))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass only when the lane waits for servers; return its waits."""
    waits: list[float] = []
    monkeypatch.setattr(stream, "sleep_using_event", lambda stop: waits.append)
    monkeypatch.setattr(stream, "time", SimpleNamespace(monotonic=lambda: sum(waits)))
    return waits


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    return _use(Servers(3, 4), monkeypatch)


def _use(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Servers:
    """Let the lane write to these servers: the gates of the real writer are compiled by Spark."""
    monkeypatch.setattr(stream, "StreamBatchWriter", lambda *_, **__: servers)
    monkeypatch.setattr(stream, "StreamAuditor", lambda *_, **__: servers)
    monkeypatch.setattr(sources, "read_kafka", servers.read_kafka)
    return servers


def test_what_kafka_holds_is_written_and_then_audited(servers: Servers) -> None:
    counts = servers.lane(Settings()).drain()

    assert (counts.batches, counts.read) == (2, 7)
    assert servers.audits == 1
    assert servers.skips_lost_offsets is False
    assert servers.states[-1].state == "ended"


def test_a_lane_that_has_not_started_loses_nothing(servers: Servers) -> None:
    servers.earliest = 100

    assert servers.lane(Settings()).drain().read == 7


def test_a_lane_stops_before_it_skips_records(servers: Servers) -> None:
    servers.lane(Settings()).drain()
    servers.source.sizes, servers.earliest = (3, 4, 5), 9

    with pytest.raises(TerminalError) as raised:
        servers.lane(Settings()).drain()

    assert raised.value.what == "Kafka removed 2 offsets before they were read"
    assert raised.value.where == "topic t, partition 0, offsets 7 to 8"
    assert len(servers.written) == 2
    assert not [url for url in servers.lake.files.content if "/gaps/" in url]


def test_an_accepted_loss_is_recorded_and_not_named_as_read(servers: Servers) -> None:
    servers.lane(RECORD).drain()
    servers.source.sizes, servers.earliest = (3, 4, 5), 9

    assert servers.lane(RECORD).drain().batches == 1

    gap = json.loads(servers.lake.files.content["memory:/lake/gaps/stream-t-0-7-8.json"])
    assert (gap["lane"], gap["first"], gap["last"]) == ("stream", 7, 8)
    assert servers.skips_lost_offsets is True
    info = servers.written[-1].commit_info
    assert info is not None
    assert [(part.first, part.last) for part in info.offsets] == [(9, 11)]


def test_a_drain_does_not_wait_for_a_server(servers: Servers, waits: list[float]) -> None:
    servers.failures = [AWAY]

    with pytest.raises(TransientError, match="Postgres is away"):
        servers.lane(Settings()).drain()

    assert waits == []
    assert servers.states[-1].reason == str(AWAY)


def test_a_lane_that_follows_waits_for_a_server_and_loses_no_count(
    monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    servers = _use(Servers(3, 4, stays_open=True), monkeypatch)
    servers.failures = [AWAY, AWAY]
    stop = threading.Event()
    _stop_after_write(servers, stop)

    counts = servers.lane(Settings()).follow(trigger_seconds=1.0, stop=stop)

    assert (counts.batches, counts.read) == (2, 7)
    assert len(waits) == 2
    assert all(0 <= wait <= 10 for wait in waits)
    assert servers.source.trigger == {"processingTime": "1.0 seconds"}
    assert servers.audits == 1


def test_counts_of_queries_that_failed_are_part_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    servers = _use(Servers(3, 4, stays_open=True), monkeypatch)
    stop = threading.Event()

    def fail_second(rows: Any, batch: MicroBatch) -> StepMetrics:  # noqa: ANN401 - a stand-in's rows
        if batch.number == 1 and not waits:
            raise AWAY
        if batch.number == 1:
            stop.set()
        return StepMetrics(read=rows.size)

    monkeypatch.setattr(servers, "write", fail_second)

    counts = servers.lane(Settings()).follow(trigger_seconds=1.0, stop=stop)

    assert (counts.batches, counts.read) == (2, 7)


def test_a_server_that_stays_away_ends_the_lane_after_the_time_allowed(
    servers: Servers, waits: list[float]
) -> None:
    servers.earliest = TransientError("Kafka does not answer", where="broker", hint="Start it.")
    settings = Settings(stream=StreamSettings(timeout_seconds=30.0))

    with pytest.raises(TransientError, match="Kafka does not answer"):
        servers.lane(settings).follow(trigger_seconds=1.0, stop=threading.Event())

    assert 30 < sum(waits) <= 40
    assert servers.states[-1].reason == "Kafka does not answer (broker). Start it."


def test_a_lane_that_is_stopped_while_it_waits_returns_what_it_has_written(
    servers: Servers, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    servers.earliest = TransientError("Kafka does not answer", where="broker", hint="Start it.")
    monkeypatch.setattr(stream, "sleep_using_event", lambda event: lambda seconds: stop.set())

    assert servers.lane(Settings()).follow(trigger_seconds=1.0, stop=stop) == StepMetrics()
    assert servers.states[-1].state == "ended"


def test_an_error_that_waiting_does_not_help_ends_the_lane_at_once(
    servers: Servers, waits: list[float]
) -> None:
    servers.failures = [TerminalError("a suite is invalid", where="expectations", hint="Fix it.")]

    with pytest.raises(TerminalError, match="a suite is invalid"):
        servers.lane(Settings()).follow(trigger_seconds=1.0, stop=threading.Event())

    assert waits == []


def test_a_bucket_that_does_not_answer_does_not_end_the_lane(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(text: str) -> None:
        raise TransientError("the object store does not answer", where="s3://pins", hint="Wait.")

    monkeypatch.setattr(servers, "_put", refuse)

    assert servers.lane(Settings()).drain().read == 7


def _stop_after_write(servers: Servers, stop: threading.Event) -> None:
    def wait() -> None:
        servers.on_write.wait(20)
        # The second micro-batch follows at once; the query stays open after it.
        while not servers.source.is_active or len(servers.written) < 2:
            threading.Event().wait(0.001)
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
