"""What a rebuild changes in quarantine: new refusals, records that pass now, and never a dropped one."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from lakehouse.catalog.schemas import BRONZE, FAILED_RULES, QUARANTINE
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.commit_info import begin
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.rebuild import quarantine
from lakehouse.operations.rebuild.quarantine import NOTE, find_new_rows, released
from lakehouse.quality.gate import GateResult
from lakehouse.quality.quarantine import to_quarantine
from lakehouse.spark.dataframes import dataframe_from_rows

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CHECKED = StructType(
    [
        *BRONZE,
        StructField("reasons", ArrayType(StringType())),
        StructField("broken", FAILED_RULES),
        StructField("suite", StringType()),
    ]
)
SAME, OTHER_REASONS, REPLAYED, DROPPED, NEW = range(5)


def _refused(spark: SparkSession, offsets: range) -> DataFrame:
    rows = [
        {
            "event_id": "event", "topic": "pins", "partition": 0, "offset": offset, "kafka_timestamp": NOON,
            "value": b64encode(b"{}").decode(), "reasons": ["value.missing"], "broken": [], "suite": "new",
        }
        for offset in offsets
    ]  # fmt: skip
    return dataframe_from_rows(spark, rows, CHECKED)


def _quarantine(spark: SparkSession) -> DataFrame:
    """Return quarantine as earlier runs left it: the same ids, in several states."""
    state = (
        F.when(F.col("offset") == REPLAYED, "replayed")
        .when(F.col("offset") == DROPPED, "dropped")
        .otherwise("open")
    )
    reasons = F.when(F.col("offset") == OTHER_REASONS, F.array(F.lit("other"))).otherwise(F.col("reasons"))
    rows = to_quarantine(_refused(spark, range(NEW)), layer="silver")
    return rows.withColumns({"state": state, "reasons": reasons})


def _judged(spark: SparkSession) -> GateResult:
    gate = SimpleNamespace(table=BATCH.silver)
    judged = SimpleNamespace(gate=gate, invalid_rows=lambda: _refused(spark, range(NEW + 1)))
    return cast("GateResult", judged)


def test_only_refusals_that_quarantine_does_not_have_are_new(spark: SparkSession) -> None:
    current = _quarantine(spark).localCheckpoint()

    new = find_new_rows(_judged(spark), current)

    assert new.columns == QUARANTINE.fieldNames()
    rows = {row.offset: row for row in new.collect()}
    assert sorted(rows) == [OTHER_REASONS, REPLAYED, NEW]
    assert {(row.state, tuple(row.reasons)) for row in rows.values()} == {("open", ("value.missing",))}
    ids = {row.offset: row.id for row in current.collect()}
    assert rows[REPLAYED].id == ids[REPLAYED]


def test_open_rows_of_the_layer_whose_records_pass_are_released(spark: SparkSession) -> None:
    current = _quarantine(spark).localCheckpoint()
    passed = _refused(spark, range(OTHER_REASONS, NEW + 1))

    ids = {row.offset: row.id for row in current.collect()}
    assert [row.id for row in released(passed, current, layer="silver").collect()] == [ids[OTHER_REASONS]]
    assert released(passed, current, layer="gold").collect() == []


def test_a_refusal_opens_its_row_again_unless_it_was_dropped(lake: DeltaLake) -> None:
    lake.ensure(BATCH.quarantine)
    lake.append(_quarantine(lake.spark), BATCH.quarantine, MicroBatch("earlier", 0))
    batch = MicroBatch("rebuild", 0, begin(lane="batch"))
    before = lake.version(BATCH.quarantine)
    refusals = to_quarantine(_refused(lake.spark, range(NEW + 1)), layer="silver").localCheckpoint()

    quarantine.write(lake, refusals.limit(0), 0, batch)
    assert lake.version(BATCH.quarantine) == before

    quarantine.write(lake, refusals, NEW + 1, batch)

    assert lake.version(BATCH.quarantine) == before + 1
    rows = {row.offset: row for row in lake.read(BATCH.quarantine).collect()}
    assert [rows[offset].state for offset in sorted(rows)] == ["open", "open", "open", "dropped", "open"]
    assert rows[OTHER_REASONS].reasons == ["value.missing"]
    assert [rows[offset].note for offset in (SAME, REPLAYED, DROPPED, NEW)] == [NOTE, NOTE, None, None]
