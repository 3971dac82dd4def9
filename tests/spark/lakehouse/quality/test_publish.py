"""Quarantine and publication: a refused row is corrected and replayed; a failed version stays unpublished."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame

from foundation.errors import UsageError
from lakehouse.catalog.tables import BATCH, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.quality_report.collect import collect_report
from lakehouse.operations.quarantine import Quarantine, ReplayResult, corrected_fields
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.publish import AuditFailedError, published_version
from lakehouse.quality.results import read_results
from lakehouse.query import spark_engine as query
from tests.landing_objects import land

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(6)]
TOO_MANY = "1900M"


def test_a_refused_row_is_explained_then_corrected_and_replayed_once(lake: DeltaLake) -> None:
    # The newest event of the first pin is refused, which must not hide its older one.
    values = [(PINS[0], "10"), (PINS[1], "20"), (PINS[0], TOO_MANY), (PINS[2], TOO_MANY), ("no uuid", "1")]
    values += [(PINS[3], "4"), (PINS[4], "5")]
    _land(lake, 0, values)
    batch_lane.run_all(lake, text_policy="unicode")
    assert _followers(lake, BATCH.silver) == {PINS[0]: 10, PINS[1]: 20, PINS[3]: 4, PINS[4]: 5}
    quarantine = Quarantine(lake, BATCH)
    rows = {row.offset: row for row in quarantine.select().collect()}
    assert sorted(rows) == [2, 3, 4]
    explanation = rows[2].broken[0]
    assert rows[2].reasons == ["silver.follower_count.plausible"]
    assert (explanation.severity, explanation.observed) == ("critical", "1900000000")
    assert json.loads(rows[2].value)["follower_count"] == TOO_MANY
    assert rows[2].broken[1].rule == "silver.title.present"
    assert (rows[4].reasons, rows[4].suite) == (["unique_id.not_a_uuid"], None)

    # A newer event of the third pin arrives before its old one is corrected.
    _land(lake, 7, [(PINS[2], "77")])
    batch_lane.run_bronze(lake)
    batch_lane.run_silver(lake, text_policy="unicode")
    fixed = corrected_fields({"follower_count": "'1.9M'"})
    assert quarantine.fix("follower_count = '1900M'", fixed, note="a thousand too many") == 2
    assert quarantine.fix("id = 'none'", fixed, note=None) == 0
    for expected_replay in (ReplayResult(3, 2), ReplayResult(1, 0)):
        assert _replay(quarantine) == expected_replay
    batch_lane.run_gold(lake)

    expected = {PINS[0]: 1_900_000, PINS[1]: 20, PINS[2]: 77, PINS[3]: 4, PINS[4]: 5}
    assert _followers(lake, BATCH.silver) == expected
    assert _followers(lake, BATCH.features) == expected
    states = {row.offset: (row.state, row.id) for row in quarantine.select().collect()}
    assert states == {offset: ("open" if offset == 4 else "replayed", row.id) for offset, row in rows.items()}
    assert quarantine.drop("true", note="no pin") == 1
    assert quarantine.select("state = 'dropped' AND note = 'no pin'").count() == 1
    assert _replay(quarantine) == ReplayResult(0, 0)
    with pytest.raises(UsageError, match="nothing"):
        quarantine.select("nothing = 1")


def test_readers_keep_the_published_version_until_a_new_one_passes(new_lake: DeltaLake) -> None:
    with pytest.raises(UsageError, match="has no data yet"):
        _count(new_lake)
    _land(new_lake, 0, [(PINS[0], "10"), (PINS[1], "20")])
    batch_lane.run_bronze(new_lake)
    batch_lane.run_silver(new_lake, text_policy="unicode")
    before = published_version(new_lake, BATCH.silver)
    assert _count(new_lake) == 2

    # Two thirds of the incoming rows are refused.
    _land(new_lake, 2, [(PINS[2], "30"), ("no uuid", "1"), ("no uuid", "1")])
    batch_lane.run_bronze(new_lake)
    with pytest.raises(AuditFailedError, match="readers keep version") as raised:
        batch_lane.run_silver(new_lake, text_policy="unicode")

    assert [failure.rule for failure in raised.value.failures] == ["silver.quarantined_share.bearable"]
    assert published_version(new_lake, BATCH.silver) == before
    assert _count(new_lake) == 2
    assert _count(new_lake, unpublished=True) == 3
    report = collect_report(new_lake, rule_texts={}, now=datetime.now(UTC))
    (silver,) = (volume for volume in report.volumes if volume.table == BATCH.silver.full_name)
    assert (silver.rows, silver.version) == (2, before)
    results = read_results(new_lake, "silver.pins_batch", rule="unique_id.not_a_uuid")
    assert [(row.evaluated, row.unexpected) for row in results.collect()] == [(3, 2), (2, 0)]

    _land(new_lake, 5, [(PINS[3], "40")])
    batch_lane.run_bronze(new_lake)
    batch_lane.run_silver(new_lake, text_policy="unicode")
    assert _count(new_lake) == 4
    failed = read_results(new_lake, "silver.pins_batch", rule="silver.quarantined_share.bearable")
    assert [row.success for row in failed.collect()] == [True, False, True]


def _replay(quarantine: Quarantine) -> ReplayResult:
    return quarantine.replay("true", text_policy="unicode", serving=None, note="again")


def _count(lake: DeltaLake, *, unpublished: bool = False) -> int:
    statement = "SELECT count(*) AS pins FROM silver.pins_batch"
    (row,) = query.run(lake, statement, unpublished=unpublished).collect()
    return int(row.pins)


def _followers(lake: DeltaLake, table: Table) -> dict[str, int]:
    rows: DataFrame = lake.read(table)
    return {row.unique_id: row.follower_count for row in rows.collect()}


def _land(lake: DeltaLake, first: int, pins: list[tuple[str, str]]) -> None:
    records = [
        {"unique_id": unique_id, "category": "art", "follower_count": followers, "downloaded": 0}
        for unique_id, followers in pins
    ]
    land(lake, records, first=first)
