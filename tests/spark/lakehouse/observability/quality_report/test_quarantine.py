"""The reasons in quarantine: counted by state, with a few records that a page can show."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

from lakehouse.catalog.schemas import QUARANTINE
from lakehouse.observability.quality_report.quarantine import MAX_EXAMPLES, read_reasons
from lakehouse.spark.dataframes import dataframe_from_rows

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _row(number: int, *reasons: str, state: str = "open", **columns: object) -> dict[str, object]:
    """Return a row that was refused `number` hours before noon."""
    return {
        "id": f"{number:02}", "layer": "silver", "reasons": reasons, "state": state, "topic": "pins",
        "partition": 0, "offset": number, "value": b64encode(b"{}").decode(),
        "broken": [{"rule": "a", "severity": "critical", "sentence": f"Sentence {number}", "observed": "9"}],
        "quarantined_at": NOON - number * HOUR, "changed_at": NOON, **columns,
    }  # fmt: skip


def test_without_tables_there_are_no_reasons() -> None:
    assert read_reasons({}) == ()


def test_records_are_counted_by_lane_reason_and_state(spark: SparkSession) -> None:
    batch = [
        _row(0, "a"),
        _row(1, "b", "a"),
        _row(2, "a", state="replayed"),
        _row(3, "a", state="dropped"),
        _row(4, "c", state="dropped"),
    ]
    tables = {
        "batch": dataframe_from_rows(spark, batch, QUARANTINE),
        "stream": dataframe_from_rows(spark, [_row(9, "a")], QUARANTINE),
    }

    reasons = read_reasons(tables)

    assert [(reason.lane, reason.rule) for reason in reasons] == [
        ("batch", "a"), ("batch", "b"), ("stream", "a"), ("batch", "c"),
    ]  # fmt: skip
    first, second, _, last = reasons
    assert (first.open, first.first, first.replayed, first.dropped) == (2, 1, 1, 1)
    assert (first.oldest_open, first.newest) == (NOON - HOUR, NOON)
    assert (first.sentence, second.first) == ("Sentence 0", 1)
    # The suite that refused these no longer has the rule's sentence.
    assert (last.sentence, last.open, last.oldest_open, last.examples) == ("c", 0, None, ())


def test_examples_are_the_newest_open_records_and_are_cut_off(spark: SparkSession) -> None:
    text = b"\xff" + b"x" * 600
    rows = [
        _row(0, "a", state="replayed"),
        _row(1, "a", topic=None, partition=None, offset=None, value=None),
        _row(2, "a", value=b64encode(text).decode()),
        *(_row(number, "a") for number in range(3, 3 + MAX_EXAMPLES)),
    ]

    (reason,) = read_reasons({"batch": dataframe_from_rows(spark, rows, QUARANTINE)})

    assert [example.id for example in reason.examples] == ["01", "02", "03"]
    without_value, long, _ = reason.examples
    assert (without_value.topic, without_value.partition, without_value.offset) == ("no topic", -1, -1)
    assert (without_value.value, without_value.observed) == ("", "9")
    assert long.value == r"\xff" + "x" * 599 + "…"
