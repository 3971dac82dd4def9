"""Upkeep of tables: rows and readers notice nothing of it, and the lane does not read them again."""

from __future__ import annotations

from pyspark.sql import SparkSession

from lakehouse import batch_lane, delta
from lakehouse.counts import Counts
from lakehouse.maintenance import Upkeep, maintain
from lakehouse.quality.publish import published
from lakehouse.tables import BATCH, STREAM
from lakehouse.warehouse import Warehouse
from tests.landing_objects import land

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(2)]


def test_joined_files_hold_the_same_rows_and_are_not_read_again(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    for number, pin in enumerate(PINS):
        land(warehouse, [{"unique_id": pin, "category": "art", "downloaded": 1}], first=number)
        batch_lane.bronze(spark, warehouse)
    batch_lane.silver(spark, warehouse, text_policy="unicode")

    first = maintain(spark, BATCH.bronze, warehouse=warehouse.tables, keep_days=7)

    assert first == Upkeep(BATCH.bronze.full_name, joined=len(PINS), into=1, vacuumed=True)
    # Its readers do not see that version yet: what theirs needs stays.
    unseen = maintain(spark, BATCH.bronze, warehouse=warehouse.tables, keep_days=7)
    assert unseen == Upkeep(BATCH.bronze.full_name, joined=0, into=0, vacuumed=False)
    assert batch_lane.bronze(spark, warehouse) == Counts()
    assert batch_lane.silver(spark, warehouse, text_policy="unicode") == Counts()
    newest = delta.version(spark, BATCH.bronze, warehouse=warehouse.tables)
    assert published(spark, BATCH.bronze, warehouse=warehouse.tables) == newest
    assert spark.read.format("delta").load(BATCH.bronze.path(warehouse.tables)).count() == len(PINS)


def test_a_table_that_is_not_there_is_left_alone(spark: SparkSession, warehouse: Warehouse) -> None:
    assert maintain(spark, STREAM.silver, warehouse=warehouse.tables, keep_days=7) is None
