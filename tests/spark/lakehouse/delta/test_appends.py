"""Appends to a history: each event of a pin once, also if several write, and few files are read for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import pytest
from pyspark.sql import DataFrame, SparkSession
from structlog.testing import capture_logs

from lakehouse.catalog.schemas import FEATURES
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.appends import EventIds, IdRange, append_new_events, collect_event_ids
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.spark.parallel import run_concurrently

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = STREAM.features
Event = tuple[int, int]  # a pin and the minute of its event


def test_an_event_that_the_table_has_is_not_appended_again(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    _append(lake, [(1, 1), (2, 1)], number=0)
    # Pin 1 repeats its event; the event of minute 1 is another one for pin 3.
    _append(lake, [(1, 1), (1, 2), (3, 1)], number=1)
    # A late event, and a micro-batch that is repeated after a crash, with more in it.
    _append(lake, [(2, 0)], number=2)
    _append(lake, [(9, 9)], number=2)

    assert _events(lake) == [(1, 1), (1, 2), (2, 0), (2, 1), (3, 1)]


def test_a_micro_batch_of_repeats_is_a_commit_without_rows(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    _append(lake, [(1, 1)], number=0)
    _append(lake, [(1, 1)], number=1)

    assert _events(lake) == [(1, 1)]
    assert (lake.version(TABLE), lake.rows_of_last_write(TABLE)) == (2, 0)


def test_writers_of_the_same_events_at_once_append_them_once(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    events = [(pin, 1) for pin in range(5)]
    writes = [
        partial(_append, lake, [*events, (10 + writer, 1)], query=f"writer {writer}") for writer in range(3)
    ]

    with capture_logs() as logged:
        run_concurrently(writes)

    assert _events(lake) == [*events, (10, 1), (11, 1), (12, 1)]
    assert "another writer was first" in {line["event"] for line in logged}


def test_ranges_and_repeats_of_a_micro_batch_are_collected_by_one_job(spark: SparkSession) -> None:
    rows = _rows(spark, [(1, 1), (2, 1), (1, 60), (3, 61)])

    ids, jobs = _count_jobs(spark, lambda: collect_event_ids(rows))

    assert ids == EventIds(
        (IdRange(_id(1), _id(1)), IdRange(_id(60), _id(60)), IdRange(_id(61), _id(61))), repeated=False
    )
    assert jobs == 1
    assert collect_event_ids(rows.union(rows.limit(1))).repeated
    assert collect_event_ids(rows.limit(0)) == EventIds((), repeated=False)


def test_only_files_that_can_have_an_event_are_read(lake: DeltaLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.ensure(TABLE)
    for minute in range(0, 40, 10):
        _append(lake, [(pin, minute) for pin in range(3)], number=minute)
    written: list[DataFrame] = []
    monkeypatch.setattr(DeltaLake, "append", lambda _, rows, *__: written.append(rows))

    _append(lake, [(1, 10), (1, 35)], number=99)

    (new,) = written
    assert [(row.unique_id, row.event_id) for row in new.collect()] == [("pin-1", _id(35))]
    assert len(new.inputFiles()) == 1


def _count_jobs(spark: SparkSession, work: Callable[[], EventIds]) -> tuple[EventIds, int]:
    context = spark.sparkContext
    context.setJobGroup("appends", "a micro-batch")
    try:
        result = work()
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]  # the JVM takes null
    return result, len(context.statusTracker().getJobIdsForGroup("appends"))


def _append(lake: DeltaLake, events: Sequence[Event], *, number: int = 0, query: str = "query") -> None:
    rows = _rows(lake.spark, events).coalesce(1)
    append_new_events(lake, rows, TABLE, MicroBatch(query, number), ids=collect_event_ids(rows))


def _rows(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    rows = [(f"pin-{pin}", "art", pin, minute, _id(minute), NOW) for pin, minute in events]
    return spark.createDataFrame(rows, FEATURES)


def _id(minute: int) -> str:
    """Return an event id of a minute; each is in another window of 65 s."""
    digits = f"{(minute + 1) * 66_000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def _events(lake: DeltaLake) -> list[Event]:
    return sorted((row.follower_count, row.downloaded) for row in lake.read(TABLE).collect())
