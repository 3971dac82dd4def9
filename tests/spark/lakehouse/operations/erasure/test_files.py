"""Files that held an erased pin: all go, deletion vectors or not, and with them only their versions."""

from __future__ import annotations

from pathlib import Path

import pytest
from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from foundation.data_subjects import Subjects
from foundation.event import new_event_id
from lakehouse.catalog import schemas
from lakehouse.catalog.locations import Warehouse
from lakehouse.catalog.tables import BATCH
from lakehouse.delta import lake as delta
from lakehouse.delta.commit_info import begin
from lakehouse.delta.lake import MicroBatch
from lakehouse.operations.erasure import files, rows
from lakehouse.spark import dataframes as literal

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
SUBJECTS = Subjects.of(PINS[:1])
TABLE = BATCH.silver


@pytest.mark.parametrize("vectors", [False, True])
def test_versions_that_need_a_removed_file_are_the_only_ones_lost(
    spark: SparkSession, warehouse: Warehouse, vectors: bool
) -> None:
    place = warehouse.tables
    delta.ensure(spark, TABLE, warehouse=place)
    if vectors:
        table = f"delta.`{TABLE.path(place)}`"
        spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableDeletionVectors' = true)")
    first = _write(spark, place, [PINS[1]])
    held = _write(spark, place, PINS[:1] + PINS[2:])
    renewed = _write(spark, place, PINS[:1])

    rows.erase(spark, TABLE, SUBJECTS, warehouse=place, receipt=begin(lane="batch", step="erase"))
    purge = files.plan(spark, TABLE, SUBJECTS, warehouse=place)
    files.remove(spark, purge)

    assert files.holding(spark, TABLE, SUBJECTS, warehouse=place) == []
    assert purge.kept == 0
    # With vectors the rows leave their file one version later.
    newest = delta.version(spark, TABLE, warehouse=place)
    assert purge.versions == (held, newest - 1)
    assert newest == renewed + (2 if vectors else 1)
    assert _pins(spark, place, first) == {PINS[1]}
    for version in range(held, newest):
        with pytest.raises(Py4JJavaError, match="FILE_NOT_EXIST"):
            _pins(spark, place, version)
    assert _pins(spark, place, newest) == set(PINS[1:])
    assert files.plan(spark, TABLE, SUBJECTS, warehouse=place).urls == ()
    _assert_log_is_silent(Path(TABLE.path(place).removeprefix("file:")))


def _write(spark: SparkSession, place: str, pins: list[str]) -> int:
    pin = {"category": "art", "title": "secret", "event_time": "2026-01-01T00:00:00Z"}
    held = [{"unique_id": unique_id, "event_id": new_event_id(), **pin} for unique_id in pins]
    frame = literal.frame(spark, held, schemas.of(TABLE)).coalesce(1)
    delta.merge_newest(frame, TABLE, MicroBatch(place, new_event_id(), 0))
    return delta.version(spark, TABLE, warehouse=place)


def _pins(spark: SparkSession, place: str, version: int) -> set[str]:
    rows = spark.read.format("delta").option("versionAsOf", version).load(TABLE.path(place))
    return {row.unique_id for row in rows.select("unique_id", "title").collect()}


def _assert_log_is_silent(folder: Path) -> None:
    """Check that no statistics, no condition and no checksum name a pin or what it is about."""
    told = [path for path in (folder / "_delta_log").iterdir() if path.is_file()]
    assert len(told) > 4
    assert [path for path in told if b"secret" in path.read_bytes()] == []
    assert [path for path in told if PINS[0][:32].encode() in path.read_bytes()] == []


def test_the_change_feed_forgets_too(spark: SparkSession, warehouse: Warehouse) -> None:
    place = warehouse.tables
    delta.ensure(spark, TABLE, warehouse=place)
    for pins in (PINS, PINS[:1]):
        _write(spark, place, pins)
    rows.erase(spark, TABLE, SUBJECTS, warehouse=place, receipt=begin(lane="batch", step="erase"))

    found = files.plan(spark, TABLE, SUBJECTS, warehouse=place)
    files.remove(spark, found)

    assert sum(files.CHANGES in url for url in found.urls) >= 2
    assert files.holding(spark, TABLE, SUBJECTS, warehouse=place) == []
    assert DeltaTable.forPath(spark, TABLE.path(place)).toDF().count() == len(PINS) - 1
