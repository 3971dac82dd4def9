"""`pinlake erase`: refused calls, and the erasure of the last pin of a table."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from foundation.object_store import ObjectStore
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.erasure.receipt import ErasureReceipts
from lakehouse.quality.publish import published_version
from pinlake.app.lanes import run_lanes
from tests import events, warm_commands
from tests.served import served

PIN, UNKNOWN = (f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(2))


@pytest.mark.timeout(600)
def test_unknown_pins_are_refused_and_the_last_one_can_go(own: Settings, spark: SparkSession) -> None:
    events.send(own.kafka, [events.pin(PIN, 10)])
    run_lanes(spark, own)
    unknown, without_pin, first, second = warm_commands.in_turn(
        ["erase", "--unique-id", UNKNOWN, "--yes"],
        ["erase", "--yes"],
        ["erase", "--unique-id", PIN, "--yes", "--json"],
        ["erase", "--unique-id", PIN, "--yes", "--json"],
        settings=own,
    )

    assert [unknown.code, without_pin.code, first.code, second.code] == [2, 2, 0, 0]
    assert "it is mentioned nowhere" in unknown.errors
    assert first.rows[0]["places"]["silver.pins_batch"]["rows"] == 1
    assert second.rows == first.rows
    assert [record.run for record in ErasureReceipts(ObjectStore.open(own.s3)).read_all()] == [
        first.rows[0]["run"]
    ]
    lake = DeltaLake.of(spark, own)
    # The table is empty, and its readers see that version.
    newest = lake.version(BATCH.silver)
    assert published_version(lake, BATCH.silver) == newest
    assert served(own) == {}
