"""A row that is refused, seen, corrected and replayed; a version that fails, kept from its readers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from foundation.errors import UsageError
from lakehouse.catalog.locations import Warehouse
from lakehouse.catalog.tables import BATCH, Table
from lakehouse.observability.quality_report.collect import gather
from lakehouse.operations import replay
from lakehouse.operations.replay import Quarantine, Replayed
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.history import history
from lakehouse.quality.publish import Unpublished, published
from lakehouse.query import spark_engine as query
from tests.landing_objects import land

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(6)]
TOO_MANY = "1900M"


def test_a_refused_row_is_explained_corrected_and_replayed_once(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    # The newest event of the first pin is refused, which must not hide its older one.
    values = [(PINS[0], "10"), (PINS[1], "20"), (PINS[0], TOO_MANY), (PINS[2], TOO_MANY), ("no uuid", "1")]
    values += [(PINS[3], "4"), (PINS[4], "5")]
    _land(warehouse, 0, values)
    _promote(spark, warehouse)
    assert _followers(spark, BATCH.silver, warehouse) == {PINS[0]: 10, PINS[1]: 20, PINS[3]: 4, PINS[4]: 5}
    quarantine = Quarantine(spark, BATCH, warehouse=warehouse.tables)
    rows = {row.offset: row for row in quarantine.rows().collect()}
    assert sorted(rows) == [2, 3, 4]
    told = rows[2].broken[0]
    assert rows[2].reasons == ["silver.follower_count.plausible"]
    assert (told.severity, told.observed) == ("critical", "1900000000")
    assert json.loads(rows[2].value)["follower_count"] == TOO_MANY
    assert rows[2].broken[1].rule == "silver.title.present"
    assert (rows[4].reasons, rows[4].suite) == (["unique_id.not_a_uuid"], None)

    # A newer event of the third pin comes before its old one is corrected.
    _land(warehouse, 7, [(PINS[2], "77")])
    _promote(spark, warehouse)
    fixed = replay.assigned({"follower_count": "'1.9M'"})
    assert quarantine.fix("follower_count = '1900M'", fixed, note="a thousand too many") == 2
    assert quarantine.fix("id = 'none'", fixed, note=None) == 0
    for tried in (Replayed(3, 2), Replayed(1, 0), Replayed(1, 0)):
        assert _replay(quarantine) == tried
    batch_lane.gold(spark, warehouse)

    expected = {PINS[0]: 1_900_000, PINS[1]: 20, PINS[2]: 77, PINS[3]: 4, PINS[4]: 5}
    assert _followers(spark, BATCH.silver, warehouse) == expected
    assert _followers(spark, BATCH.features, warehouse) == expected
    states = {row.offset: (row.state, row.id) for row in quarantine.rows().collect()}
    assert states == {offset: ("open" if offset == 4 else "replayed", row.id) for offset, row in rows.items()}
    assert quarantine.drop("true", note="no pin") == 1
    assert quarantine.rows("state = 'dropped' AND note = 'no pin'").count() == 1
    assert _replay(quarantine) == Replayed(0, 0)
    with pytest.raises(UsageError, match="nothing"):
        quarantine.rows("nothing = 1")


def test_a_version_that_fails_is_kept_from_readers_until_a_good_one_comes(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    with pytest.raises(UsageError, match="has no data yet"):
        _count(spark, warehouse)
    _land(warehouse, 0, [(PINS[0], "10"), (PINS[1], "20")])
    _promote(spark, warehouse)
    before = published(spark, BATCH.silver, warehouse=warehouse.tables)
    assert _count(spark, warehouse) == 2

    # Two thirds of what comes is refused.
    _land(warehouse, 2, [(PINS[2], "30"), ("no uuid", "1"), ("no uuid", "1")])
    batch_lane.bronze(spark, warehouse)
    with pytest.raises(Unpublished, match="readers keep version") as raised:
        batch_lane.silver(spark, warehouse, text_policy="unicode")

    assert [failure.rule for failure in raised.value.failures] == ["silver.quarantined_share.bearable"]
    assert published(spark, BATCH.silver, warehouse=warehouse.tables) == before
    assert _count(spark, warehouse) == 2
    assert _count(spark, warehouse, unpublished=True) == 3
    report = gather(spark, warehouse=warehouse.tables, sentences={}, now=datetime.now(UTC))
    (told,) = (volume for volume in report.volumes if volume.table == BATCH.silver.full_name)
    assert (told.rows, told.version) == (2, before)
    results = history(spark, "silver.pins_batch", warehouse=warehouse.tables, rule="unique_id.not_a_uuid")
    assert [(row.evaluated, row.unexpected) for row in results.collect()] == [(3, 2), (2, 0)]

    _land(warehouse, 5, [(PINS[3], "40")])
    _promote(spark, warehouse)
    assert _count(spark, warehouse) == 4
    failed = history(
        spark, "silver.pins_batch", warehouse=warehouse.tables, rule="silver.quarantined_share.bearable"
    )
    assert [row.success for row in failed.collect()] == [True, False, True]


def _replay(quarantine: Quarantine) -> Replayed:
    return quarantine.replay("true", text_policy="unicode", serving=None, note="again")


def _promote(spark: SparkSession, warehouse: Warehouse) -> None:
    batch_lane.bronze(spark, warehouse)
    batch_lane.silver(spark, warehouse, text_policy="unicode")
    batch_lane.gold(spark, warehouse)


def _count(spark: SparkSession, warehouse: Warehouse, *, unpublished: bool = False) -> int:
    statement = "SELECT count(*) AS pins FROM silver.pins_batch"
    (row,) = query.run(spark, statement, warehouse=warehouse.tables, unpublished=unpublished).collect()
    return int(row.pins)


def _followers(spark: SparkSession, table: Table, warehouse: Warehouse) -> dict[str, int]:
    rows: DataFrame = spark.read.format("delta").load(table.path(warehouse.tables))
    return {row.unique_id: row.follower_count for row in rows.collect()}


def _land(warehouse: Warehouse, first: int, pins: list[tuple[str, str]]) -> None:
    landed = [
        {"unique_id": unique_id, "category": "art", "follower_count": followers, "downloaded": 0}
        for unique_id, followers in pins
    ]
    land(warehouse, landed, first=first)
