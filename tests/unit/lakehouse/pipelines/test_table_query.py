"""The table query: its position is in its checkpoint, and what Kafka has removed stops it or is recorded."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from foundation.errors import TerminalError, TransientError
from foundation.settings import KafkaSettings, Settings
from lakehouse.bronze import sources
from lakehouse.delta import commit_info
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.pipelines.stream_writer import StreamBatchWriter
from lakehouse.pipelines.table_query import TableQuery
from tests.unit.lakehouse.in_memory_lake import InMemoryLake
from tests.unit.lakehouse.pipelines.streams import QUERY, Source

RECORD = Settings(kafka=KafkaSettings(on_data_loss="record"))


class Servers:
    """Kafka and the tables, without either.

    Attributes:
        source: the topic.
        earliest: the first offset that Kafka still has, or the error that it answers with.
        written: the micro-batches written.
        skips_lost_offsets: whether the source was opened to skip what is lost.
    """

    def __init__(self, *sizes: int) -> None:
        self.lake = InMemoryLake()
        self.source = Source(self.lake.files, *sizes)
        self.earliest: int | Exception = 0
        self.written: list[MicroBatch] = []
        self.noted = 0
        self.skips_lost_offsets: bool | None = None

    def ensure(self) -> None:
        pass

    def write(self, rows: Any, batch: MicroBatch) -> StepMetrics:  # noqa: ANN401 - a stand-in's rows
        self.written.append(batch)
        return StepMetrics(read=rows.size, written=rows.size)

    def read_kafka(self, *_: object, skip_lost_offsets: bool, **__: object) -> object:
        self.skips_lost_offsets = skip_lost_offsets
        return self.source.dataframe

    def drain(self, settings: Settings | None = None) -> StepMetrics:
        query = TableQuery(
            self.lake,
            settings or Settings(),
            writer=cast("StreamBatchWriter", self),
            earliest=self._ask_kafka,
            run=commit_info.begin(lane="stream"),
        )
        return query.open(self._note).drain()

    def _note(self) -> None:
        self.noted += 1

    def _ask_kafka(self) -> dict[str, dict[str, int]]:
        if isinstance(self.earliest, Exception):
            raise self.earliest
        return {"t": {"0": self.earliest}}


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    servers = Servers(3, 4)
    monkeypatch.setattr(sources, "read_kafka", servers.read_kafka)
    return servers


def test_a_micro_batch_keeps_the_identity_that_the_checkpoint_gives_it(servers: Servers) -> None:
    assert servers.drain().read == 7

    assert [(batch.query, batch.number) for batch in servers.written] == [(QUERY, 0), (QUERY, 1)]
    assert (servers.noted, servers.skips_lost_offsets) == (2, False)


def test_a_query_that_has_not_started_loses_nothing(servers: Servers) -> None:
    servers.earliest = 100

    assert servers.drain().read == 7


def test_a_kafka_that_does_not_answer_shows_before_the_query_starts(servers: Servers) -> None:
    servers.earliest = TransientError("Kafka does not answer", where="broker", hint="Start it.")

    with pytest.raises(TransientError, match="Kafka does not answer"):
        servers.drain()
    assert servers.written == []


def test_it_stops_before_it_skips_records(servers: Servers) -> None:
    servers.drain()
    servers.source.sizes, servers.earliest = (3, 4, 5), 9

    with pytest.raises(TerminalError) as raised:
        servers.drain()

    assert raised.value.what == "Kafka removed 2 offsets before they were read"
    assert raised.value.where == "topic t, partition 0, offsets 7 to 8"
    assert len(servers.written) == 2
    assert not [url for url in servers.lake.files.content if "/gaps/" in url]


def test_an_accepted_loss_is_recorded_and_not_named_as_read(servers: Servers) -> None:
    servers.drain(RECORD)
    servers.source.sizes, servers.earliest = (3, 4, 5), 9

    assert servers.drain(RECORD).batches == 1

    gap = json.loads(servers.lake.files.content["memory:/lake/gaps/stream-t-0-7-8.json"])
    assert (gap["lane"], gap["first"], gap["last"]) == ("stream", 7, 8)
    assert servers.skips_lost_offsets is True
    info = servers.written[-1].commit_info
    assert info is not None
    assert [(part.first, part.last) for part in info.offsets] == [(9, 11)]
