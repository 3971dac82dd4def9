"""Deduplication within a batch: the newest event of each pin, once, at its first occurrence."""

from __future__ import annotations

from pyspark.sql import SparkSession

from lakehouse.silver.deduplication import drop_repeats, latest_event_per_pin

OLD, NEW = "0190163d-0000-7000-8000-000000000001", "0190163d-0000-7000-8000-000000000002"


def test_the_newest_event_of_a_pin_wins_and_its_first_occurrence(spark: SparkSession) -> None:
    rows = [
        # The newest event is not the last to arrive.
        ("late", NEW, 0, 1),
        ("late", OLD, 0, 5),
        # A repeated event.
        ("repeated", NEW, 1, 9),
        ("repeated", NEW, 1, 8),
        ("repeated", OLD, 1, 7),
        ("single", OLD, 0, 2),
    ]
    frame = spark.createDataFrame(rows, "unique_id string, event_id string, partition int, offset long")

    newest = latest_event_per_pin(frame.repartition(3))

    assert newest.columns == frame.columns
    assert sorted(map(tuple, newest.collect())) == [
        ("late", NEW, 0, 1),
        ("repeated", NEW, 1, 8),
        ("single", OLD, 0, 2),
    ]


def test_of_a_repeated_event_the_first_occurrence_stays(spark: SparkSession) -> None:
    rows = [
        ("repeated", NEW, 0, 9, "third"),
        ("repeated", NEW, 0, 7, "first"),
        ("repeated", NEW, 0, 8, "second"),
        ("repeated", OLD, 0, 5, "another event"),
        # The same event id is another event for another pin.
        ("other", NEW, 0, 6, "another pin"),
        ("other", NEW, 1, 2, "a later partition"),
    ]
    schema = "unique_id string, event_id string, partition int, offset long, body string"
    frame = spark.createDataFrame(rows, schema).repartition(3)

    events = drop_repeats(frame)

    assert events.columns == frame.columns
    assert sorted(row.body for row in events.collect()) == ["another event", "another pin", "first"]
    assert drop_repeats(events).count() == 3
