"""Writes that repeat without effect, and merges that only newer events get through."""

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

from lakehouse.catalog.locations import Warehouse
from lakehouse.catalog.schemas import FEATURES, SILVER
from lakehouse.catalog.tables import BATCH
from lakehouse.delta import lake as delta
from lakehouse.delta.lake import MicroBatch
from lakehouse.silver.deduplication import newest_per_pin
from lakehouse.spark import parallel as side_by_side

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = BATCH.features
Event = tuple[int, int]  # a pin and the rank of its event


def test_a_repeated_micro_batch_is_written_once(spark: SparkSession, warehouse: Warehouse) -> None:
    root = warehouse.tables
    delta.ensure(spark, TABLE, warehouse=root)
    delta.ensure(spark, TABLE, warehouse=root)
    for number in (0, 0, 1, 0, 1):
        delta.append(_features(spark, [(number, 1)]), TABLE, MicroBatch(root, "query", number))
    delta.append(_features(spark, [(9, 1)]), TABLE, MicroBatch(root, "another query", 0))

    assert _held(spark, root) == {0: 1, 1: 1, 9: 1}
    assert delta.rows_of_last_write(spark, TABLE, warehouse=root) == 1


def test_a_table_whose_creation_was_killed_is_created(spark: SparkSession, warehouse: Warehouse) -> None:
    place = Path(BATCH.silver.path(warehouse.tables).removeprefix("file:"))
    (place / "_delta_log").mkdir(parents=True)

    for _ in range(2):
        delta.ensure(spark, BATCH.silver, warehouse=warehouse.tables)

    table = DeltaTable.forPath(spark, str(place))
    (row,) = table.detail().select("properties").collect()
    assert delta.properties(BATCH.silver).items() <= row.properties.items()
    assert table.toDF().schema.fieldNames() == SILVER.fieldNames()
    assert table.history().count() == 1


def test_a_repeated_merge_is_skipped_though_its_rows_have_changed(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    root = warehouse.tables
    delta.ensure(spark, TABLE, warehouse=root)
    delta.merge_newest(_features(spark, [(1, 1)]), TABLE, MicroBatch(root, "query", 0))
    delta.merge_newest(_features(spark, [(1, 2)]), TABLE, MicroBatch(root, "query", 0))

    assert _held(spark, root) == {1: 1}
    assert DeltaTable.forPath(spark, TABLE.path(root)).history().count() == 2


def test_a_merge_that_another_writer_outran_is_made_again(spark: SparkSession, warehouse: Warehouse) -> None:
    root = warehouse.tables
    delta.ensure(spark, TABLE, warehouse=root)
    delta.merge_newest(_features(spark, [(1, 1)]), TABLE, MicroBatch(root, "query", 0))
    merges = [
        partial(
            delta.merge_newest, _features(spark, [(1, rank)]), TABLE, MicroBatch(root, f"writer {rank}", 0)
        )
        for rank in (2, 3, 4)
    ]

    with capture_logs() as logged:
        side_by_side.run(spark, merges)

    assert _held(spark, root) == {1: 4}
    assert "another writer was first" in {line["event"] for line in logged}


def test_a_replacement_touches_only_what_its_condition_names(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    root = warehouse.tables
    delta.ensure(spark, TABLE, warehouse=root)
    delta.append(_features(spark, [(1, 1), (2, 1)]), TABLE, MicroBatch(root, "query", 0))
    for _ in range(2):
        replacement, batch = _features(spark, [(2, 5)]), MicroBatch(root, "query", 1)
        delta.replace(replacement, TABLE, batch, where="follower_count = 2")

    assert _held(spark, root) == {1: 1, 2: 5}


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=8), min_size=2, max_size=3)
)
def test_every_order_of_arrival_ends_in_the_newest_event_of_each_pin(
    spark: SparkSession, warehouse: Warehouse, batches: list[list[Event]]
) -> None:
    root = f"{warehouse.tables}/{hash(str(batches))}"
    delta.ensure(spark, TABLE, warehouse=root)
    for number, events in enumerate(batches):
        newest = newest_per_pin(_events(spark, events)).select(*FEATURES.fieldNames())
        delta.merge_newest(newest, TABLE, MicroBatch(root, "query", number))

    expected: dict[int, int] = {}
    for pin, rank in (event for events in batches for event in events):
        expected[pin] = max(rank, expected.get(pin, 0))
    assert _held(spark, root) == expected


def _events(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    rows = [
        (f"pin-{pin}", "art", pin, 1, f"event-{rank}", NOW, 0, offset)
        for offset, (pin, rank) in enumerate(events)
    ]
    fields = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in FEATURES)
    return spark.createDataFrame(rows, f"{fields}, partition int, offset int")


def _features(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    return _events(spark, events).select(*FEATURES.fieldNames())


def _held(spark: SparkSession, root: str) -> dict[int, int]:
    rows = spark.read.format("delta").load(TABLE.path(root)).collect()
    return {row.follower_count: int(row.event_id.removeprefix("event-")) for row in rows}
