"""Kafka's messages as rows of a frame."""

from __future__ import annotations

from datetime import UTC, datetime

from confluent_kafka import Message

from benchmarks.handwritten.records import to_frame

TIME = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)


def _message(*headers: tuple[str, bytes]) -> Message:
    milliseconds = int(TIME.timestamp() * 1000)
    return Message(
        topic="pins",
        partition=1,
        offset=5,
        key=b"k",
        value=b"v",
        headers=list(headers),
        timestamp=(1, milliseconds),
    )


def test_a_message_becomes_a_row_with_its_first_headers() -> None:
    headers = [("event_id", b"a"), ("other", b"x"), ("event_id", b"b"), ("received_at", b"now")]
    (row,) = to_frame([_message(*headers)]).to_dicts()
    assert row == {
        "topic": "pins",
        "partition": 1,
        "offset": 5,
        "kafka_timestamp": TIME,
        "key": b"k",
        "value": b"v",
        "event_id": "a",
        "received_at": "now",
    }


def test_headers_that_are_missing_or_no_text_are_null() -> None:
    rows = to_frame([_message(("event_id", b"\xff")), _message()])
    assert rows["event_id"].to_list() == rows["received_at"].to_list() == [None, None]


def test_no_messages_are_a_frame_without_rows() -> None:
    assert to_frame([]).schema == to_frame([_message()]).schema
