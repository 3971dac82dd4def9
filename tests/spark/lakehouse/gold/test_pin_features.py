"""Features of a pin: gold's gate refuses what silver let pass, with all that quarantine needs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from foundation.event import PIN_FIELDS
from lakehouse.catalog.schemas import FEATURES, SILVER
from lakehouse.catalog.tables import BATCH
from lakehouse.gold.pin_features import check_features, to_features
from lakehouse.quality import gate as gates

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT = "0190163d-0000-7000-8000-000000000001"


def _silver(unique_id: str, **fields: object) -> tuple[Any, ...]:
    values = {"unique_id": unique_id, "event_id": EVENT, "event_time": AT, "follower_count": 5, **fields}
    return tuple(values.get(name) for name in SILVER.fieldNames())


def test_rows_that_break_a_critical_rule_of_gold_are_named_and_explained(spark: SparkSession) -> None:
    silver = spark.createDataFrame(
        [_silver("good", category="art"), _silver("bad", event_id=None), _silver("unsorted")], SILVER
    )
    gate = gates.open_gate(spark, BATCH.features)

    checked = {row.unique_id: row for row in check_features(silver, gate).collect()}

    assert (checked["good"].reasons, checked["good"].broken) == ([], [])
    assert checked["bad"].reasons == ["gold.event_id.present"]
    assert (checked["unsorted"].reasons, checked["unsorted"].broken) == ([], ["gold.category.present"])
    _assert_the_pin_is_kept_as_json(checked["good"])


def _assert_the_pin_is_kept_as_json(row: Row) -> None:
    pin = json.loads(bytes(row.value))
    assert set(pin) <= set(PIN_FIELDS)
    assert (pin["unique_id"], pin["category"], pin["follower_count"]) == ("good", "art", 5)
    assert row.kafka_timestamp is None


def test_rows_that_have_their_record_keep_it(spark: SparkSession) -> None:
    rows = spark.createDataFrame([_silver("a")], SILVER).withColumns(
        {"value": F.lit(b"as it came"), "kafka_timestamp": F.lit(AT)}
    )

    features = check_features(rows, gates.open_gate(spark, BATCH.features))

    (row,) = features.collect()
    assert bytes(row.value) == b"as it came"
    assert row.kafka_timestamp is not None
    assert to_features(features).columns == FEATURES.fieldNames()
