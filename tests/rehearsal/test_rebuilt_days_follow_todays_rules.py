"""A rebuild by today's rules, cut off and ended: who was let in yesterday goes, who was refused comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse import batch_lane, delta
from lakehouse.quality.publish import published
from lakehouse.rebuild import run
from lakehouse.rebuild.days import Days
from lakehouse.rebuild.run import Found, Request
from lakehouse.tables import BATCH
from lakehouse.warehouse import Warehouse
from tests import events, rebuilds
from tests.landing_objects import land
from tests.suites import allow_followers

MANY = [f"0190163d-8694-739b-aea5-{number:012x}" for number in range(20)]
GOES, COMES = (f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(2))


def test_days_are_rebuilt_by_todays_rules(
    spark: SparkSession, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_followers(monkeypatch, tmp_path / "suites", between=(5, 1000))
    pins = [*(events.pin(pin, 50) for pin in MANY), events.pin(GOES, 500), events.pin(COMES, 3)]
    land(warehouse, pins, first=0)
    batch_lane.bronze(spark, warehouse)
    batch_lane.silver(spark, warehouse, text_policy="unicode")
    batch_lane.gold(spark, warehouse)
    assert _pins(spark, warehouse) == {*MANY, GOES}
    today = datetime.now(UTC).date()
    request = Request(Days(today - timedelta(days=1), today), "unicode")

    allow_followers(monkeypatch, tmp_path / "suites", between=(0, 100))
    rebuilds.cut_off(spark, warehouse, request, after=2)
    told: list[Found] = []
    run.publish(spark, warehouse, request, tell=told.append)

    assert told[0].judged == len(MANY) + 2
    assert _pins(spark, warehouse) == {*MANY, COMES}
    (refused,) = (
        delta.read(spark, BATCH.quarantine, warehouse=warehouse.tables).where("state = 'open'").collect()
    )
    assert refused.offset == len(MANY)


def _pins(spark: SparkSession, warehouse: Warehouse) -> set[str]:
    """Return the pins that readers of silver see, who are those of gold too."""
    seen = []
    for table in (BATCH.silver, BATCH.features):
        version = published(spark, table, warehouse=warehouse.tables)
        rows = delta.read(spark, table, warehouse=warehouse.tables, version=version).select("unique_id")
        seen.append({row.unique_id for row in rows.collect()})
    assert seen[0] == seen[1]
    return seen[0]
