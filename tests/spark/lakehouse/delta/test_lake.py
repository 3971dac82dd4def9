"""Repeated writes have no effect, and merges accept only newer events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from delta.tables import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from structlog.testing import capture_logs

from lakehouse.catalog.schemas import FEATURES, SILVER
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.table_properties import table_properties
from lakehouse.silver.deduplication import latest_event_per_pin
from lakehouse.spark.parallel import run_concurrently

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = BATCH.features
Event = tuple[int, int]  # a pin and the rank of its event


def test_a_repeated_micro_batch_is_written_once(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    lake.ensure(TABLE)
    for number in (0, 0, 1, 0, 1):
        lake.append(_features(lake.spark, [(number, 1)]), TABLE, MicroBatch("query", number))
    lake.append(_features(lake.spark, [(9, 1)]), TABLE, MicroBatch("another query", 0))

    assert _ranks(lake) == {0: 1, 1: 1, 9: 1}
    assert lake.rows_of_last_write(TABLE) == 1


def test_only_rows_of_a_micro_batch_leave_its_number_in_the_log(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    lake.append(_features(lake.spark, [(1, 1)]), TABLE)
    lake.append(_features(lake.spark, [(2, 1)]), TABLE, MicroBatch("query", 0))

    log = Path(lake.path(TABLE).removeprefix("file:"), "_delta_log")
    commits = [path.read_text() for path in sorted(log.glob("*.json"))]
    assert ['"txn"' in commit for commit in commits] == [False, False, True]
    assert _ranks(lake) == {1: 1, 2: 1}


def test_a_table_whose_creation_was_killed_is_created(new_lake: DeltaLake) -> None:
    path = Path(new_lake.path(BATCH.silver).removeprefix("file:"))
    (path / "_delta_log").mkdir(parents=True)

    for _ in range(2):
        new_lake.ensure(BATCH.silver)

    table = DeltaTable.forPath(new_lake.spark, str(path))
    (row,) = table.detail().select("properties").collect()
    assert table_properties(BATCH.silver).items() <= row.properties.items()
    assert table.toDF().schema.fieldNames() == SILVER.fieldNames()
    assert table.history().count() == 1


def test_a_repeated_merge_is_skipped_even_if_its_rows_have_changed(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    lake.merge_newest(_features(lake.spark, [(1, 1)]), TABLE, MicroBatch("query", 0))
    lake.merge_newest(_features(lake.spark, [(1, 2)]), TABLE, MicroBatch("query", 0))

    assert _ranks(lake) == {1: 1}
    assert lake.delta_table(TABLE).history().count() == 2


def test_a_merge_that_conflicts_with_another_writer_is_retried(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    lake.merge_newest(_features(lake.spark, [(1, 1)]), TABLE, MicroBatch("query", 0))
    merges = [
        partial(lake.merge_newest, _features(lake.spark, [(1, rank)]), TABLE, MicroBatch(f"writer {rank}", 0))
        for rank in (2, 3, 4)
    ]

    with capture_logs() as logged:
        run_concurrently(merges)

    assert _ranks(lake) == {1: 4}
    assert "another writer was first" in {line["event"] for line in logged}


def test_a_replacement_touches_only_the_rows_of_its_condition(lake: DeltaLake) -> None:
    lake.ensure(TABLE)
    lake.append(_features(lake.spark, [(1, 1), (2, 1)]), TABLE, MicroBatch("query", 0))
    for _ in range(2):
        replacement, batch = _features(lake.spark, [(2, 5)]), MicroBatch("query", 1)
        lake.replace(replacement, TABLE, batch, where="follower_count = 2")

    assert _ranks(lake) == {1: 1, 2: 5}


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=8), min_size=2, max_size=3)
)
def test_every_order_of_arrival_ends_in_the_newest_event_of_each_pin(
    lake: DeltaLake, batches: list[list[Event]]
) -> None:
    lake = DeltaLake(lake.spark, f"{lake.root}/{hash(str(batches))}")
    lake.ensure(TABLE)
    for number, events in enumerate(batches):
        newest = latest_event_per_pin(_events(lake.spark, events)).select(*FEATURES.fieldNames())
        lake.merge_newest(newest, TABLE, MicroBatch("query", number))

    expected: dict[int, int] = {}
    for pin, rank in (event for events in batches for event in events):
        expected[pin] = max(rank, expected.get(pin, 0))
    assert _ranks(lake) == expected


def _events(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    rows = [
        (f"pin-{pin}", "art", pin, 1, f"event-{rank}", NOW, 0, offset)
        for offset, (pin, rank) in enumerate(events)
    ]
    fields = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in FEATURES)
    return spark.createDataFrame(rows, f"{fields}, partition int, offset int")


def _features(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    return _events(spark, events).select(*FEATURES.fieldNames())


def _ranks(lake: DeltaLake) -> dict[int, int]:
    rows = lake.read(TABLE).collect()
    return {row.follower_count: int(row.event_id.removeprefix("event-")) for row in rows}
