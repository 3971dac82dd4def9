"""The steps of the hand-written pipeline, with tables on the local disk."""

from __future__ import annotations

from pathlib import Path
from random import Random

import polars as pl
import pytest

from benchmarks.handwritten.dirty_records import BRONZE, NOW, generate
from benchmarks.handwritten.pipeline import Pipeline, Rules
from benchmarks.handwritten.tables import DeltaTables
from benchmarks.handwritten.transform import check_records, to_silver
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY


@pytest.fixture
def tables(tmp_path: Path) -> DeltaTables:
    return DeltaTables(str(tmp_path), {})


def test_bronze_rows_end_in_silver_or_in_quarantine(tables: DeltaTables) -> None:
    rules, bronze = Rules.load(), generate(100, random=Random(5))
    pipeline = Pipeline(tables, rules)
    pipeline.ensure(BATCH)
    batches = [bronze[:500], bronze[500:]]
    assert pipeline.promote(batches, BATCH.silver) == len(bronze)
    checked = check_records(bronze, rules.silver, at=NOW)
    silver = tables.scan(BATCH.silver).drop("updated_at").sort("unique_id").collect()
    expected = to_silver(checked).drop("updated_at").sort("unique_id")
    assert silver.select("unique_id", "event_id").equals(expected.select("unique_id", "event_id"))
    refused = checked.filter(pl.col("reasons").list.len() > 0)
    assert len(tables.scan(BATCH.quarantine).collect()) == len(refused) > 0


def test_records_end_in_every_table_of_the_batch_lane(tables: DeltaTables) -> None:
    pipeline = Pipeline(tables, Rules.load())
    pipeline.ensure(BATCH)
    bronze = generate(0, random=Random(5))
    records = bronze.drop("ingested_at").with_columns(pl.col("received_at").dt.to_string())
    for _ in range(2):
        assert pipeline.run_batch_lane([records]) == len(records)
    counts = {
        table: len(tables.scan(table).collect()) for table in (BATCH.bronze, BATCH.silver, BATCH.features)
    }
    assert counts == {
        BATCH.bronze: 2 * len(records),
        BATCH.silver: len(records),
        BATCH.features: len(records),
    }
    assert tables.scan(CATEGORY_DAILY).select(pl.col("pins").sum()).collect().item() == len(records)
    assert set(tables.scan(BATCH.bronze).collect().columns) == set(BRONZE)
