"""The newest version of a table and its metrics, as its log has them."""

from __future__ import annotations

from lakehouse.catalog.tables import CATEGORY_DAILY
from lakehouse.delta import delta_log
from lakehouse.delta.lake import DeltaLake


def test_the_newest_commit_is_read_without_a_job(lake: DeltaLake) -> None:
    lake.ensure(CATEGORY_DAILY)
    url = lake.path(CATEGORY_DAILY)
    created = delta_log.newest_version(lake.spark, url)
    rows = lake.spark.sql("SELECT DATE'2026-01-01' AS day, 'art' AS category").crossJoin(
        lake.spark.range(3).select()
    )
    rows.write.format("delta").mode("append").save(url)
    context = lake.spark.sparkContext
    context.setJobGroup("newest commit", "")

    version, metrics = delta_log.newest_version(lake.spark, url), delta_log.newest_metrics(lake.spark, url)

    assert (created, version, metrics["numOutputRows"]) == (0, 1, "3")
    assert context.statusTracker().getJobIdsForGroup("newest commit") == []
    lake.delta_table(CATEGORY_DAILY).history(1).collect()
    assert len(context.statusTracker().getJobIdsForGroup("newest commit")) > 0
    context.setJobGroup("", "")
