"""Quarantine: a refused record has the same id each time, another one per layer, and is kept whole."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import BRONZE, FAILED_RULES, QUARANTINE
from lakehouse.quality.quarantine import quarantine_id, to_quarantine

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_ids_are_of_coordinates_and_layer_or_else_of_the_bytes(spark: SparkSession) -> None:
    # Coordinates and bytes; a line that is not an envelope has no coordinates.
    records = [("t", 0, 1, b"x"), ("t", 0, 2, b"x"), ("t", 1, 1, b"x"), ("u", 0, 1, b"x"), ("t", 0, 1, b"y")]
    lines = [(None, None, None, b"x"), (None, None, None, b"y"), (None, None, None, None)]
    rows = [(number, *row) for number, row in enumerate([*records, *lines])]
    frame = spark.createDataFrame(rows, "n int, topic string, partition int, offset long, value binary")
    ids = {layer: quarantine_id(layer=layer).alias(layer) for layer in ("silver", "gold")}

    silver, gold = zip(*frame.orderBy("n").select(*ids.values()).collect(), strict=True)

    # The first and the last record have the same coordinates.
    assert silver[4] == silver[0]
    assert len(set(silver)) == len(rows) - 1
    assert not set(silver) & set(gold)
    assert all(len(text) == 32 and int(text, 16) >= 0 for text in silver)


def test_a_refused_row_is_open_and_keeps_its_record(spark: SparkSession) -> None:
    record = ("event", AT, "t", 0, 7, AT, b"key", b"\xff", AT)
    invalid = spark.createDataFrame([record], BRONZE).withColumns(
        {
            "reasons": F.array(F.lit("rule")),
            "broken": F.lit(None).cast(FAILED_RULES),
            "suite": F.lit("fingerprint"),
        }
    )

    quarantined = to_quarantine(invalid, layer="silver")

    assert quarantined.columns == QUARANTINE.fieldNames()
    (row,) = quarantined.collect()
    assert (row.layer, row.state, row.reasons, row.suite) == ("silver", "open", ["rule"], "fingerprint")
    assert (bytes(row.value), row.topic, row.offset, row.event_id) == (b"\xff", "t", 7, "event")
    assert (row.corrected, row.note) == (None, None)
    assert row.quarantined_at == row.changed_at
