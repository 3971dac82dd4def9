"""A replay that dies between the tables and Postgres: the next run completes it exactly once."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from foundation.errors import TransientError
from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.quarantine import Quarantine, ReplayResult, corrected_fields
from lakehouse.pipelines.stream import open_stream
from lakehouse.serving.postgres import ServingDatabase
from tests import events
from tests.served import served

PIN = "0190163d-8694-739b-aea5-966c26f8ad90"


def test_a_replay_cut_off_before_postgres(own: Settings, spark: SparkSession) -> None:
    (event_id,) = events.send(own.kafka, [events.pin(PIN, "1900M")])
    open_stream(spark, own).drain()
    quarantine = Quarantine(DeltaLake.of(spark, own), STREAM)
    assert quarantine.fix("true", corrected_fields({"follower_count": "'1.9M'"}), note=None) == 1

    unreachable = ServingDatabase(own.postgres.model_copy(update={"port": 1, "timeout_seconds": 0.1}))
    with pytest.raises(TransientError, match="Postgres did not answer"):
        quarantine.replay("true", text_policy="unicode", serving=unreachable, note="again")

    # Both tables have the pin but quarantine still has it open, as after a kill at that moment.
    assert _read_pins(own, spark, STREAM.features) == [(PIN, event_id, 1_900_000)]
    assert [row.state for row in quarantine.select().collect()] == ["open"]
    assert served(own) == {}

    result = quarantine.replay(
        "true", text_policy="unicode", serving=ServingDatabase(own.postgres), note="and again"
    )

    assert result == ReplayResult(1, 1)
    for table in (STREAM.silver, STREAM.features):
        assert _read_pins(own, spark, table) == [(PIN, event_id, 1_900_000)]
    assert served(own) == {PIN: (event_id, 1_900_000)}
    assert [row.state for row in quarantine.select().collect()] == ["replayed"]


def _read_pins(own: Settings, spark: SparkSession, table: Table) -> list[tuple[str, str, int]]:
    rows = DeltaLake.of(spark, own).read(table).collect()
    return [(row.unique_id, row.event_id, row.follower_count) for row in rows]
