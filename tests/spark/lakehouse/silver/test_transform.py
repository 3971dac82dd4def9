"""Silver rows of a micro-batch: computed once, even if several writes use them, and by compiled code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse.bronze import sources
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.quality import gate as gates
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records, to_silver
from tests import events
from tests.generated_code import LONGEST_COMPILED_METHOD, largest_generated_method
from tests.landing_objects import land

PIN = "0190163d-8694-739b-aea5-966c26f8ad90"


def test_a_merge_reads_the_cached_rows_and_not_the_source(lake: DeltaLake) -> None:
    land(lake, [events.pin(PIN, "1.2k")], first=0)
    source = Path(lake.locations.landing.removeprefix("file:"))
    batch = MicroBatch("query", 0)
    lake.ensure(BATCH.silver)
    lines = lake.spark.read.text([str(path) for path in source.rglob("*.gz")])
    bronze = to_bronze(sources.parse_envelopes(lines), at=batch.began)
    gate = gates.open_gate(lake.spark, BATCH.silver)
    checked = check_records(bronze, gate, text_policy="unicode", at=batch.began).persist()
    assert checked.count() == 1

    for path in source.rglob("*.gz"):
        path.unlink()
    lake.merge_newest(to_silver(checked), BATCH.silver, batch)

    (row,) = lake.read(BATCH.silver).collect()
    assert (row.unique_id, row.follower_count) == (PIN, 1200)


@pytest.mark.parametrize("policy", ["unicode", "ascii"])
def test_java_compiles_every_method_of_the_plan(
    compiled: SparkSession, lake: DeltaLake, policy: TextPolicy
) -> None:
    lake.ensure(BATCH.bronze)
    gate = gates.open_gate(compiled, BATCH.silver)
    checked = check_records(lake.read(BATCH.bronze), gate, text_policy=policy, at=datetime.now(UTC))

    assert 0 < largest_generated_method(to_silver(checked)) <= LONGEST_COMPILED_METHOD
