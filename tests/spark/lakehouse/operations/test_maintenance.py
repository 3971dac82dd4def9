"""Maintenance changes no row, and files that a reader still needs stay."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from foundation.event import new_event_id
from lakehouse.catalog import schemas
from lakehouse.catalog.tables import BATCH, STREAM
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.table_properties import table_properties
from lakehouse.operations import maintenance
from lakehouse.operations.maintenance import maintain
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.publish import published_version
from lakehouse.spark.dataframes import dataframe_from_rows
from tests.landing_objects import land

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(2)]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
EXCESS_FILES = 4


@pytest.fixture(autouse=True)
def _few_files_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "MIN_EXCESS_FILES", EXCESS_FILES)


def test_small_files_are_compacted_once_there_are_enough_and_not_read_again(lake: DeltaLake) -> None:
    land(lake, [{"unique_id": PINS[0], "category": "art", "downloaded": 1}], first=0)
    _run(lake)
    few = maintain(lake, BATCH.bronze)
    assert few is not None
    assert (few.joined, few.removed, few.before.files) == (0, 0, 1)

    _append(lake, days=EXCESS_FILES)
    dry = maintain(lake, BATCH.bronze, dry_run=True)
    result = maintain(lake, BATCH.bronze)

    assert dry is not None
    assert result is not None
    assert (dry.joined, dry.after, result.joined) == (EXCESS_FILES, None, EXCESS_FILES + 1)
    assert result.after is not None
    assert (result.before.files, result.after.files) == (EXCESS_FILES + 1, 1)
    assert dry.before.files == result.before.files
    assert batch_lane.run_bronze(lake) == StepMetrics()
    batch_lane.run_silver(lake, text_policy="unicode")
    assert batch_lane.run_silver(lake, text_policy="unicode") == StepMetrics()
    newest = lake.version(BATCH.bronze)
    assert published_version(lake, BATCH.bronze) == newest
    assert lake.read(BATCH.bronze).count() == EXCESS_FILES + 1


def test_files_that_a_reader_still_needs_stay_at_any_age(lake: DeltaLake) -> None:
    expired = replace(BATCH.bronze, retention_days=0)
    land(lake, [{"unique_id": PINS[0], "category": "art", "downloaded": 1}], first=0)
    _run(lake)
    _append(lake, days=EXCESS_FILES)
    maintain(lake, expired)

    needed = maintain(lake, expired)
    _run(lake)
    free = maintain(lake, expired)

    assert needed is not None
    assert needed.removed == 0
    assert "a reader of the published version still needs version" in needed.held_back[0]
    assert "`pinlake silver` still needs version" in needed.held_back[1]
    assert free is not None
    assert (free.held_back, free.removed) == ((), EXCESS_FILES + 1)
    assert lake.read(BATCH.silver).count() == EXCESS_FILES + 1


def test_a_day_of_bronze_is_read_from_one_file(lake: DeltaLake) -> None:
    lake.ensure(BATCH.bronze)
    _append(lake, days=10)

    last = BEGIN + timedelta(days=9)
    moments = {name: F.lit(last) for name in ("received_at", "kafka_timestamp", "ingested_at")}
    for name, begin in {**moments, "event_id": F.lit(_event_id(last))}.items():
        day = F.col(name) >= begin
        rows = lake.read(BATCH.bronze).where(day)
        assert rows.count() == 1
        assert _files_read(rows) == 1


def test_a_table_of_an_older_pinlake_gets_the_missing_columns_and_properties(new_lake: DeltaLake) -> None:
    path = new_lake.path(BATCH.silver)
    old = StructType(list(schemas.schema_of(BATCH.silver))[:5])
    dataframe_from_rows(new_lake.spark, [], old).write.format("delta").save(path)

    new_lake.ensure(BATCH.silver)
    maintain(new_lake, BATCH.silver)

    silver = new_lake.read(BATCH.silver)
    assert silver.schema.fieldNames() == schemas.schema_of(BATCH.silver).fieldNames()
    assert silver.schema["save_location"].metadata == {"comment": "path the picture was saved under"}
    properties = {
        row.key: row.value for row in new_lake.spark.sql(f"SHOW TBLPROPERTIES delta.`{path}`").collect()
    }
    assert properties.items() >= table_properties(BATCH.silver).items()


def test_a_table_that_does_not_exist_is_left_alone(new_lake: DeltaLake) -> None:
    assert maintain(new_lake, STREAM.silver) is None


def _run(lake: DeltaLake) -> None:
    batch_lane.run_bronze(lake)
    batch_lane.run_silver(lake, text_policy="unicode")


def _append(lake: DeltaLake, *, days: int) -> None:
    """Append one pin per day, each in its own file, in one commit."""
    times = ("received_at", "kafka_timestamp", "ingested_at")
    rows = []
    for day in range(days):
        at = BEGIN + timedelta(days=day)
        pin = {"unique_id": f"{PINS[0][:-2]}{day:02x}", "category": "art", "downloaded": 1}
        value = b64encode(json.dumps(pin).encode()).decode()
        record = {"topic": "t", "partition": 0, "offset": 100 + day, "value": value}
        rows.append({"event_id": _event_id(at), **record, **dict.fromkeys(times, at.isoformat())})
    frame = dataframe_from_rows(lake.spark, rows, schemas.BRONZE).repartitionByRange(days, "received_at")
    lake.append(frame, BATCH.bronze, MicroBatch(new_event_id(), 0))


def _event_id(at: datetime) -> str:
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-000000000000"


def _leaves(plan: Any) -> list[Any]:  # noqa: ANN401 - a plan inside the JVM
    leaves = plan.collectLeaves()
    return [leaves.apply(number) for number in range(leaves.size())]


def _files_read(rows: DataFrame) -> int:
    """Return how many files the scan of a query opened."""
    rows.collect()
    plan = rows._jdf.queryExecution().executedPlan()
    (scan,) = [leaf for leaf in _leaves(plan) if leaf.nodeName().startswith("Scan parquet")]
    return int(scan.metrics().apply("numFiles").value())
