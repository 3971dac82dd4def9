"""Silver rows of a micro-batch: computed once, whoever writes them."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from lakehouse.bronze import sources as records
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.locations import Warehouse
from lakehouse.catalog.tables import BATCH
from lakehouse.delta import lake as delta
from lakehouse.delta.lake import MicroBatch
from lakehouse.quality import gate as gates
from lakehouse.silver.transform import to_judged, to_silver
from tests import events
from tests.landing_objects import land

PIN = "0190163d-8694-739b-aea5-966c26f8ad90"


def test_a_merge_reads_what_was_cached_and_not_the_source_again(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    land(warehouse, [events.pin(PIN, "1.2k")], first=0)
    source = Path(warehouse.landing.removeprefix("file:"))
    batch = MicroBatch(warehouse.tables, "query", 0)
    delta.ensure(spark, BATCH.silver, warehouse=warehouse.tables)
    lines = spark.read.text([str(path) for path in source.rglob("*.gz")])
    bronze = to_bronze(records.open_envelopes(lines), at=batch.began)
    gate = gates.open_gate(spark, BATCH.silver)
    judged = to_judged(bronze, gate, text_policy="unicode", at=batch.began).persist()
    assert judged.count() == 1

    for path in source.rglob("*.gz"):
        path.unlink()
    delta.merge_newest(to_silver(judged), BATCH.silver, batch)

    (row,) = spark.read.format("delta").load(BATCH.silver.path(warehouse.tables)).collect()
    assert (row.unique_id, row.follower_count) == (PIN, 1200)
