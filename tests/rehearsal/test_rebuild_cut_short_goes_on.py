"""A rebuild killed while it publishes: readers never see a part of it, and the next run completes it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.ledger import balance as closing
from lakehouse.observability.ledger import collect
from lakehouse.quality.publish import published_version
from lakehouse.serving.postgres import ServingDatabase
from tests import commands, events, stored, warm_commands

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
SLOW = 400.0


@pytest.mark.timeout(1200)
def test_a_rebuild_that_was_killed_is_ended_by_the_next(
    own: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    events.send(own.kafka, [events.pin(pin, 10, category="Caf") for pin in PINS])
    steps = warm_commands.in_turn(["consume"], ["bronze"], ["silver"], ["gold"], settings=own)
    assert [step.code for step in steps] == [0] * 4, steps[0].errors
    lake, log = DeltaLake.of(spark, own), tmp_path / "rebuild.log"
    stricter = own.model_copy(update={"text_policy": "ascii"})

    for table in (None, BATCH.silver, BATCH.features):
        reached = _expect_lease(own) if table is None else _expect_next_version(spark, own, table)
        commands.kill_once(_start(stricter, log), reached, log=log)
        version = published_version(lake, BATCH.silver)
        categories = _categories(spark, own, BATCH.silver, version=version)
        assert categories in ({"Caf"}, {"Caf"}), "silver as its readers see it"

    with commands.ended(_start(stricter, log)) as last:
        assert last.wait(SLOW) == 0, log.read_text()
    for table in (BATCH.silver, BATCH.features, CATEGORY_DAILY):
        assert _categories(spark, own, table) == {"Caf"}, table.full_name
    for table in (BATCH.silver, BATCH.features):
        newest = lake.version(table)
        assert published_version(lake, table) == newest
    sums = closing.check_balance(lake, collect.collect(lake, ServingDatabase(own.postgres)))
    assert [total for total in sums if total.lane == "batch" and not total.balanced] == []


def _start(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    day = datetime.now(UTC).date()
    span = ("--from", str(day - timedelta(days=1)), "--to", str(day))
    return commands.start("rebuild", *span, "--publish", settings=settings, log=log)


def _expect_lease(settings: Settings) -> Callable[[], bool]:
    return lambda: bool(stored.keys(settings, f"_leases/{BATCH.silver.full_name}/"))


def _expect_next_version(spark: SparkSession, settings: Settings, table: Table) -> Callable[[], bool]:
    before = DeltaLake.of(spark, settings).version(table)
    return partial(stored.has_version, settings, table, before + 1)


def _categories(
    spark: SparkSession, settings: Settings, table: Table, *, version: int | None = None
) -> set[str]:
    rows = DeltaLake.of(spark, settings).read(table, version=version)
    return {row.category for row in rows.select("category").distinct().collect()}
