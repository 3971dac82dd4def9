"""Micro-batches: each has an identity that a retry repeats, and an error keeps its own words."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pyspark.errors import PySparkException

from foundation.errors import TerminalError, TransientError
from foundation.offsets import LostOffsets, OffsetRange
from lakehouse.delta import commit_info
from lakehouse.delta.checkpoint_folder import HadoopFolder
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.streaming_checkpoint import Checkpoint
from lakehouse.pipelines.micro_batches import MicroBatches
from tests.unit.lakehouse.in_memory_files import InMemoryFiles
from tests.unit.lakehouse.pipelines.streams import QUERY, Source

URL = "memory:/checkpoints/stream"
RUN = commit_info.begin(lane="stream")


class Table:
    """What micro-batches have written; the writes of some numbers fail once."""

    def __init__(self, failures: dict[int, Exception] | None = None) -> None:
        self.batches: list[MicroBatch] = []
        self._failures = dict(failures or {})

    def write(self, rows: Any, batch: MicroBatch) -> StepMetrics:  # noqa: ANN401 - a stand-in's rows
        if failure := self._failures.pop(batch.number, None):
            raise failure
        self.batches.append(batch)
        return StepMetrics(read=rows.size, written=rows.size, quarantined=0)

    @property
    def offsets(self) -> list[tuple[OffsetRange, ...]]:
        return [tuple(batch.commit_info.offsets) for batch in self.batches if batch.commit_info]


@pytest.fixture
def files() -> InMemoryFiles:
    return InMemoryFiles()


def _query(source: Source, table: Table, *, lost: tuple[LostOffsets, ...] = ()) -> MicroBatches:
    checkpoint = Checkpoint(HadoopFolder(source.files.session, URL))
    return MicroBatches(source.dataframe, table.write, checkpoint=checkpoint, run=RUN, lost=lost)


def test_counts_are_of_the_micro_batches_that_were_not_empty(files: InMemoryFiles) -> None:
    source = Source(files, 3, 0, 4)

    counts = _query(source, Table()).drain()

    assert (counts.batches, counts.read, counts.written) == (2, 7, 7)
    assert counts.seconds > 0
    assert source.trigger == {"availableNow": True}
    assert source.stops == 1


def test_a_micro_batch_is_known_by_its_query_and_number_and_names_its_input(files: InMemoryFiles) -> None:
    table = Table()

    _query(Source(files, 3, 4), table).drain()

    assert [(batch.query, batch.number) for batch in table.batches] == [(QUERY, 0), (QUERY, 1)]
    assert table.offsets == [(OffsetRange("t", 0, 0, 2),), (OffsetRange("t", 0, 3, 6),)]
    for batch in table.batches:
        info = batch.commit_info
        assert info is not None
        assert (info.run, info.lane, info.query, info.batch) == (RUN.run, "stream", QUERY, batch.number)
        assert info.began == batch.began


def test_lost_offsets_are_not_named_as_read(files: InMemoryFiles) -> None:
    table = Table()
    lost = LostOffsets("stream", OffsetRange("t", 0, 0, 1))

    _query(Source(files, 2, 4), table, lost=(lost,)).drain()

    assert table.offsets == [(), (OffsetRange("t", 0, 2, 5),)]


@pytest.mark.parametrize("kind", [TerminalError, TransientError])
def test_an_error_of_the_write_is_raised_in_its_own_words(
    kind: type[TerminalError | TransientError], files: InMemoryFiles
) -> None:
    failure = kind("a suite is invalid", where="expectations", hint="Fix it.")

    with pytest.raises(kind) as raised:
        _query(Source(files, 3), Table({0: failure})).drain()

    assert raised.value is failure


@pytest.mark.parametrize(
    ("failure", "what"),
    [
        (PySparkException("the disk is full\n\tat java.io"), "Spark stopped: the disk is full"),
        (PySparkException(""), "Spark stopped: PySparkException"),
        # Anything else is a fault of ours; Spark reports it with its trace.
        (ZeroDivisionError(), "Spark stopped: the function of foreachBatch failed"),
    ],
)
def test_an_error_of_spark_is_transient_and_names_the_checkpoint(
    failure: Exception, what: str, files: InMemoryFiles
) -> None:
    with pytest.raises(TransientError) as raised:
        _query(Source(files, 3), Table({0: failure})).drain()

    assert raised.value.what == what
    assert raised.value.where == URL
    assert raised.value.hint.startswith("Nothing is lost: run it again.")


def test_a_micro_batch_that_failed_is_repeated_under_its_number(files: InMemoryFiles) -> None:
    table = Table({1: TransientError("Postgres is away", where="there", hint="Start it.")})
    source = Source(files, 3, 4, 5)
    query = _query(source, table)
    with pytest.raises(TransientError, match="Postgres is away"):
        query.drain()
    assert query.counts.read == 3

    assert _query(source, table).drain().read == 9

    assert [batch.number for batch in table.batches] == [0, 1, 2]
    assert table.offsets[1] == (OffsetRange("t", 0, 3, 6),)


def test_a_query_that_follows_runs_until_it_is_stopped(files: InMemoryFiles) -> None:
    source, stop = Source(files, 3, stays_open=True), threading.Event()
    threading.Timer(0.05, stop.set).start()

    counts = _query(source, Table()).follow(trigger_seconds=2.5, stop=stop)

    assert counts.read == 3
    assert source.trigger == {"processingTime": "2.5 seconds"}
    assert (source.is_active, source.stops) == (False, 1)
