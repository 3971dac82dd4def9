"""The audit beside the stream."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pyspark.sql import SparkSession

from lakehouse.catalog.locations import Warehouse
from lakehouse.quality.results import GateLog
from lakehouse.quality.stream_audit import Watch
from lakehouse.quality.stream_audit_status import PATH, Verdict


def test_before_the_first_micro_batch_there_is_nothing_wrong(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    Watch(spark, warehouse=warehouse.tables, gates=GateLog(), seconds=60).look()

    verdict = Verdict.from_json((Path(urlsplit(warehouse.tables).path) / PATH).read_text())
    assert (verdict.error, verdict.failed, verdict.tables) == (None, False, {})
