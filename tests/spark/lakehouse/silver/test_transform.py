"""Silver rows of a micro-batch are computed once, even if several writes use them."""

from __future__ import annotations

from pathlib import Path

from lakehouse.bronze import sources
from lakehouse.bronze.transform import to_bronze
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.quality import gate as gates
from lakehouse.silver.transform import check_records, to_silver
from tests import events
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
