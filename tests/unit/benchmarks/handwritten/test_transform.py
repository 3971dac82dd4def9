"""The transforms of the hand-written pipeline: the newest event of each pin, repeats, and bronze rows."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from benchmarks.handwritten.transform import first_occurrences, newest_per_pin, to_bronze
from foundation.event import event_id_at

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def _rows(*rows: tuple[str, str, int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["unique_id", "event_id", "partition", "offset"], orient="row")


def test_the_newest_event_of_a_pin_wins_and_its_first_occurrence() -> None:
    rows = _rows(("a", "1", 0, 0), ("b", "5", 1, 7), ("a", "3", 0, 9), ("a", "3", 0, 4), ("b", "4", 1, 8))
    assert newest_per_pin(rows).rows() == [("b", "5", 1, 7), ("a", "3", 0, 4)]


def test_rows_of_different_pins_stay_as_they_are() -> None:
    rows = _rows(("b", "1", 0, 0), ("a", "1", 0, 1))
    assert newest_per_pin(rows).equals(rows)
    assert newest_per_pin(rows.clear()).is_empty()


def test_a_repeated_event_counts_once() -> None:
    rows = _rows(("a", "1", 0, 5), ("a", "2", 0, 6), ("a", "1", 0, 2), ("b", "1", 0, 7))
    assert first_occurrences(rows).rows() == [("a", "2", 0, 6), ("a", "1", 0, 2), ("b", "1", 0, 7)]
    assert first_occurrences(rows[1:2]).equals(rows[1:2])


def test_a_record_keeps_its_event_id_or_gets_one_from_its_coordinates() -> None:
    given = event_id_at(NOW)
    records = pl.DataFrame(
        {
            "topic": ["pins"] * 3,
            "partition": pl.Series([1] * 3, dtype=pl.Int32),
            "offset": [10, 11, 12],
            "kafka_timestamp": [NOW] * 3,
            "key": pl.Series([None] * 3, dtype=pl.Binary),
            "value": [b"{}"] * 3,
            "event_id": [given.upper(), None, "no id"],
            "received_at": ["2026-01-02T03:04:05.000006Z", None, "yesterday"],
        }
    )
    rows = to_bronze(records, at=NOW)
    assert rows["event_id"].to_list() == [
        given,
        "019b7c01-0400-7001-a980-00000000000b",
        "019b7c01-0400-7001-a980-00000000000c",
    ]
    assert rows["received_at"].to_list() == [datetime(2026, 1, 2, 3, 4, 5, 6, UTC), NOW, NOW]
