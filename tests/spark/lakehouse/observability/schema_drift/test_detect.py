"""Drift of bronze's fields: name, type, share and first sight are right, whatever else clients send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.catalog import schemas
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.observability.schema_drift import detect
from lakehouse.observability.schema_drift.detect import detect_drift

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def test_a_new_field_is_named_with_its_share_and_its_first_record(new_lake: DeltaLake) -> None:
    assert detect_drift(new_lake, BATCH, days=7, now=NOW) is None
    new_lake.ensure(BATCH.bronze)
    old = NOW - timedelta(days=9)
    days = {old: ['{"unique_id": "u", "board": "x"}'], NOW: ['{"unique_id": "u"}'] * 3 + ['{"board": 1}']}
    for number, (at, values) in enumerate(days.items()):
        new_lake.append(_bronze(new_lake.spark, values, at=at), BATCH.bronze, MicroBatch("query", number))

    drift = detect_drift(new_lake, BATCH, days=7, now=NOW)

    assert drift is not None
    assert (drift.records, drift.critical, drift.unlisted) == (4, False, 0)
    (field,) = drift.fields.new
    assert (field.name, field.types, field.share) == ("board", {"number": 1}, 0.25)
    assert datetime.fromisoformat(field.first_seen) == old


def test_a_client_that_invents_fields_hides_none_that_silver_expects(lake: DeltaLake) -> None:
    lake.ensure(BATCH.bronze)
    values = [f'{{"field {number}": 1}}' for number in range(detect.MAX_FIELDS + 30)] + ['{"title": 1}']
    lake.append(_bronze(lake.spark, values, at=NOW), BATCH.bronze, MicroBatch("query", 0))

    drift = detect_drift(lake, BATCH, days=7, now=NOW)

    assert drift is not None
    assert [field.name for field in drift.fields.changed] == ["title"]
    assert (drift.records, drift.unlisted) == (len(values), 31)
    assert drift.critical


def test_a_type_that_only_a_few_records_have_is_listed_apart(lake: DeltaLake) -> None:
    lake.ensure(BATCH.bronze)
    later = NOW + timedelta(minutes=1)
    days = {
        NOW: [f'{{"title": "t", "unique_id": "{number}"}}' for number in range(39)],
        later: ['{"title": 1}'],
    }
    for number, (at, values) in enumerate(days.items()):
        lake.append(_bronze(lake.spark, values, at=at), BATCH.bronze, MicroBatch("query", number))

    drift = detect_drift(lake, BATCH, days=7, now=later)

    assert drift is not None
    (field,) = drift.fields.minority_type
    assert (field.name, field.types, field.share) == ("title", {"string": 39, "number": 1}, 1 / 40)
    assert datetime.fromisoformat(field.first_seen) == later


def _bronze(spark: SparkSession, values: Sequence[str | None], *, at: datetime) -> DataFrame:
    rows = spark.createDataFrame([(value,) for value in values], "text string")
    filled = {"value": F.col("text").cast("binary"), "received_at": F.lit(at), "ingested_at": F.lit(at)}
    columns = [
        filled.get(field.name, F.lit(None)).cast(field.dataType).alias(field.name) for field in schemas.BRONZE
    ]
    return rows.select(*columns)
