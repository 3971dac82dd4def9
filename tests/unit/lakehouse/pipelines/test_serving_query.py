"""The serving query: its position is in `loads`, so no crash and no lost checkpoint skips an event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyspark.sql import DataFrame

from foundation.errors import TerminalError, TransientError
from foundation.offsets import OffsetRange, Positions
from foundation.settings import KafkaSettings, Settings
from lakehouse.bronze import sources
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.pipelines import serving_query
from lakehouse.pipelines.serving_query import ServingQuery
from lakehouse.pipelines.serving_writer import ServingBatchWriter
from tests.unit.lakehouse.in_memory_lake import InMemoryLake
from tests.unit.lakehouse.pipelines.loads import Loads, Row, old_load
from tests.unit.lakehouse.pipelines.streams import Source

RECORD = Settings(kafka=KafkaSettings(on_data_loss="record"))
CHECKPOINT = "memory:/lake/checkpoints/stream"
OLD = "0190163d-8694-739b-aea5-966c26f8ad90"


class World:
    """Kafka with one partition, and Postgres.

    Attributes:
        loads: Postgres.
        end: the offset that the next record of the topic gets.
        earliest: the first offset that Kafka still has, by partition.
        started: where each query started.
        folders: the checkpoint of each start.
        fail: called by every write with the number of the load, before or after Postgres.
    """

    def __init__(self, *rows: Row) -> None:
        self.lake = InMemoryLake()
        self.loads = Loads(*rows)
        self.end = 0
        self.earliest: Mapping[str, int] = {"0": 0}
        self.started: list[Positions] = []
        self.refused: set[int] = set()
        self.crash_after_commit = False
        self.settings = Settings()
        self._source = Source(self.lake.files)

    def send(self, count: int) -> None:
        self.end += count

    def query(self) -> ServingQuery:
        return ServingQuery(
            self.lake,
            self.settings,
            serving=self.loads.database,
            writer=cast("ServingBatchWriter", self),
            earliest=lambda: {"t": self.earliest},
            run=commit_info.begin(lane="stream"),
        )

    def drain(self) -> StepMetrics:
        """Start a query as a new process would, and let it write what there is."""
        query = self.query()
        try:
            return query.open(lambda: None).drain()
        finally:
            query.close()

    def to_lines(self, records: DataFrame) -> DataFrame:
        return records

    def write(self, rows: Any, batch: MicroBatch, *, position: Positions) -> StepMetrics:  # noqa: ANN401
        offsets = batch.commit_info.offsets if batch.commit_info else ()
        events = [number for part in offsets for number in range(part.first, part.last + 1)]
        lines = [str(number) for number in events if number not in self.refused]
        self.loads.load(lines, batch.for_step(Step.SERVING), position=position)
        if self.crash_after_commit:
            self.crash_after_commit = False
            raise TransientError("the driver has died", where="here", hint="Start it.")
        return StepMetrics(read=rows.size, written=len(lines), quarantined=rows.size - len(lines))

    def read_kafka(self, *_: object, start: Positions, **__: object) -> DataFrame:
        self.started.append(start)
        self._source.start = start["t"]["0"]
        # Spark begins every checkpoint with a micro-batch, even if it is empty.
        self._source.sizes = (max(0, self.end - self._source.start),)
        return self._source.dataframe

    @property
    def served(self) -> list[int]:
        """The events that were sent to Postgres, in order."""
        return [int(line) for row in self.loads.rows for line in row.lines]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return _use(World(), monkeypatch)


def _use(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(sources, "read_kafka", world.read_kafka)
    monkeypatch.setattr(serving_query, "serving_session", lambda spark: world.lake.spark)
    return world


def test_every_start_goes_on_behind_the_last_load(world: World) -> None:
    world.send(3)
    world.drain()
    world.send(2)
    world.drain()

    assert world.served == [0, 1, 2, 3, 4]
    assert [(row.query, row.batch, row.position) for row in world.loads.rows] == [
        ("serving", 0, {"t": {"0": 3}}),
        ("serving", 1, {"t": {"0": 5}}),
    ]
    info = commit_info.parse(world.loads.rows[1].receipt)
    assert info is not None
    assert (info.query, info.batch, info.offsets) == ("serving", 1, (OffsetRange("t", 0, 3, 4),))


def test_a_poll_without_records_writes_no_load(world: World) -> None:
    assert world.drain() == StepMetrics()

    assert world.loads.rows == []


def test_loads_are_numbered_without_a_hole_however_spark_counts(world: World) -> None:
    query = world.query()
    rows = cast("DataFrame", SimpleNamespace(size=1))
    query.open(lambda: None)
    for number, ranges in enumerate([(), (OffsetRange("t", 0, 0, 0),), (), (OffsetRange("t", 0, 1, 1),)]):
        info = replace(commit_info.begin(lane="stream"), offsets=ranges)
        query._write(rows, MicroBatch("id", number, info))

    assert [row.batch for row in world.loads.rows] == [0, 1]


def test_a_crash_between_the_commit_and_anything_else_repeats_nothing(world: World) -> None:
    world.send(3)
    world.crash_after_commit = True
    with pytest.raises(TransientError, match="the driver has died"):
        world.drain()
    world.send(1)

    world.drain()

    assert world.served == [0, 1, 2, 3]


def test_a_crash_before_the_commit_skips_nothing(world: World) -> None:
    world.send(3)
    query = world.query()
    micro_batches = query.open(lambda: None)
    world.loads.is_away = True
    with pytest.raises(TransientError, match="Postgres does not answer"):
        micro_batches.drain()
    world.loads.is_away = False

    world.drain()

    assert world.served == [0, 1, 2]


def test_each_start_has_a_new_local_checkpoint_that_is_removed(world: World) -> None:
    world.send(1)
    query = world.query()

    urls = []
    for _ in range(2):
        urls.append(query.open(lambda: None)._checkpoint.url)
        assert Path(urls[-1].removeprefix("file:")).is_dir()
    query.close()
    query.close()

    assert len(set(urls)) == 2
    assert not any(Path(url.removeprefix("file:")).exists() for url in urls)


def test_a_micro_batch_of_refused_records_moves_the_position(world: World) -> None:
    world.send(2)
    world.refused = {0, 1}

    counts = world.drain()

    assert (counts.read, counts.written, counts.quarantined) == (2, 0, 2)
    assert [(row.lines, row.position) for row in world.loads.rows] == [((), {"t": {"0": 2}})]
    world.drain()
    assert len(world.loads.rows) == 1


def test_what_the_tables_have_read_does_not_matter(world: World) -> None:
    # The tables were ahead while Postgres was away for its first time.
    _write_checkpoint(world, OLD, {4: 100})
    world.send(5)

    world.drain()

    assert world.served == [0, 1, 2, 3, 4]


def test_a_new_partition_starts_at_its_beginning_and_one_that_is_gone_is_forgotten(world: World) -> None:
    world.send(3)
    world.drain()
    world.earliest = {"0": 0, "1": 2}
    world.drain()
    assert world.started[-1] == {"t": {"0": 3, "1": 2}}

    world.earliest = {"1": 2}
    query = world.query()
    with pytest.raises(KeyError):
        query.open(lambda: None)  # the stand-in reads partition 0
    assert world.started[-1] == {"t": {"1": 2}}


def test_an_older_version_left_its_position_in_its_receipts(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _use(World(*(old_load(OLD, number, OffsetRange("t", 0, 2 * number, 2 * number + 1))
                         for number in range(3))), monkeypatch)  # fmt: skip
    # The tables have not got the last micro-batch yet, or they have gone on since: neither matters.
    _write_checkpoint(world, OLD, {1: 4, 2: 100})
    world.send(8)

    world.drain()

    assert world.served == [6, 7]
    assert [(row.query, row.batch, row.position) for row in world.loads.rows[3:]] == [
        ("serving", 0, {"t": {"0": 6}}),
        ("serving", 1, {"t": {"0": 8}}),
    ]


def test_a_position_that_was_taken_over_is_kept_without_any_new_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = _use(World(old_load(OLD, 0, OffsetRange("t", 0, 0, 5))), monkeypatch)
    world.send(6)

    for _ in range(2):
        world.drain()

    assert [row.position for row in world.loads.rows[1:]] == [{"t": {"0": 6}}]


@pytest.mark.parametrize("receipt", [None, "{}", '{"step": "bronze", "offsets": null}'])
def test_loads_without_offsets_are_found_in_the_old_checkpoint(
    receipt: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Row(OLD, number, receipt, None) for number in (7, 8)]
    world = _use(World(*rows, Row("replay/run", 0, receipt, None)), monkeypatch)
    # Micro-batch 8 was served; since then the tables alone have read on.
    _write_checkpoint(world, OLD, {7: 3, 8: 5, 9: 50})
    world.send(7)

    world.drain()

    assert world.served == [5, 6]


@pytest.mark.parametrize(("query", "ends"), [(OLD, {9: 50}), ("another", {8: 5}), (None, {})])
def test_what_nobody_knows_is_served_again_from_the_beginning(
    query: str | None, ends: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = _use(World(Row(OLD, 8, None, None)), monkeypatch)
    if query:
        _write_checkpoint(world, query, ends)
    world.send(3)

    world.drain()

    assert world.served == [0, 1, 2]


def test_it_stops_before_it_skips_records(world: World) -> None:
    world.send(3)
    world.drain()
    world.earliest = {"0": 5}
    world.send(5)

    with pytest.raises(TerminalError) as raised:
        world.drain()

    assert raised.value.where == "topic t, partition 0, offsets 3 to 4"
    assert len(world.loads.rows) == 1


def test_an_accepted_loss_moves_the_position_in_postgres_alone(world: World) -> None:
    world.settings = RECORD
    world.send(3)
    world.drain()
    world.earliest = {"0": 5}
    world.send(5)

    world.drain()

    assert world.served == [0, 1, 2, 5, 6, 7]
    lost, served = (commit_info.parse(row.receipt) for row in world.loads.rows[1:])
    assert lost is not None
    assert served is not None
    assert (lost.step, lost.batch, lost.offsets) == ("lost", 1, (OffsetRange("t", 0, 3, 4),))
    assert (served.batch, served.offsets) == (2, (OffsetRange("t", 0, 5, 7),))
    assert not [url for url in world.lake.files.content if "/gaps/" in url]


def _write_checkpoint(world: World, query: str, ends: dict[int, int]) -> None:
    """Write what Spark keeps of a query: its id, and the end of its last micro-batches."""
    files = world.lake.files.content
    files[f"{CHECKPOINT}/metadata"] = json.dumps({"id": query}).encode()
    for number, end in ends.items():
        files[f"{CHECKPOINT}/offsets/{number}"] = f'v1\n{{}}\n{{"t": {{"0": {end}}}}}'.encode()
        files[f"{CHECKPOINT}/commits/{number}"] = b"v1\n{}"
