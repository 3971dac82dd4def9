"""Downstream steps: those that read a table as a stream, and whether they notice removed rows."""

from __future__ import annotations

from dataclasses import replace

from lakehouse.catalog.downstream_steps import DOWNSTREAM_STEPS, list_downstream_steps
from lakehouse.catalog.tables import BATCH, STREAM, TABLES


def test_bronze_is_read_by_silver_and_silver_by_gold() -> None:
    steps_by_table = {
        table.full_name: [step.name for step in list_downstream_steps(table)] for table in TABLES
    }

    assert {name: steps for name, steps in steps_by_table.items() if steps} == {
        "bronze.pins_batch": ["silver"],
        "silver.pins_batch": ["gold"],
    }


def test_a_step_is_found_by_the_name_of_its_table() -> None:
    older = replace(BATCH.bronze, comment="as an older version described it")

    assert list_downstream_steps(older) == list_downstream_steps(BATCH.bronze)
    assert list_downstream_steps(STREAM.bronze) == ()


def test_a_checkpoint_is_named_after_the_table_that_its_step_writes() -> None:
    assert [step.checkpoint for step in DOWNSTREAM_STEPS] == [
        "silver.pins_batch",
        "gold.pin_features_batch",
    ]


def test_only_a_step_that_reads_row_changes_notices_removed_rows() -> None:
    assert {step.name: step.follows_changes for step in DOWNSTREAM_STEPS} == {
        "silver": False,
        "gold": True,
    }
