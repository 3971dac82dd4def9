"""Downstream consumers: the steps that read a table as a stream, and whether they notice removed rows."""

from __future__ import annotations

from dataclasses import replace

from lakehouse.catalog.consumers import CONSUMERS, consumers_of
from lakehouse.catalog.tables import BATCH, STREAM, TABLES


def test_bronze_is_read_by_silver_and_silver_by_gold() -> None:
    readers = {table.full_name: [consumer.step for consumer in consumers_of(table)] for table in TABLES}

    assert {name: steps for name, steps in readers.items() if steps} == {
        "bronze.pins_batch": ["silver"],
        "silver.pins_batch": ["gold"],
    }


def test_a_consumer_is_recognised_by_the_tables_name() -> None:
    older = replace(BATCH.bronze, comment="as an older version described it")

    assert consumers_of(older) == consumers_of(BATCH.bronze)
    assert consumers_of(STREAM.bronze) == ()


def test_a_checkpoint_is_named_after_the_table_that_its_step_writes() -> None:
    assert [consumer.checkpoint for consumer in CONSUMERS] == [
        "silver.pins_batch",
        "gold.pin_features_batch",
    ]


def test_only_a_consumer_of_row_changes_notices_removed_rows() -> None:
    assert {consumer.step: consumer.follows_changes for consumer in CONSUMERS} == {
        "silver": False,
        "gold": True,
    }
