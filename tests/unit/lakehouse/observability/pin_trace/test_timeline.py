"""Entries come in order of time, and an event at the API is listed once though both lanes record it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from foundation.offsets import OffsetRange
from lakehouse.delta.commit_info import CommitInfo, Versions
from lakehouse.observability.pin_trace.timeline import CommitLog, Entry, sort_entries
from lakehouse.query.history import Commit

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_the_api_comes_before_kafka_within_a_millisecond_and_is_listed_once() -> None:
    event = {"event_id": "e"}
    entries = [
        Entry(NOON, "batch", "in Kafka", event),
        Entry(NOON + timedelta(microseconds=468), None, "received", event),
        Entry(NOON, "stream", "in Kafka", event),
        Entry(NOON + timedelta(microseconds=468), None, "received", event),
        Entry(NOON - timedelta(seconds=1), "batch", "silver", event),
    ]

    order = [(entry.lane, entry.what) for entry in sort_entries(entries)]

    assert order == [("batch", "silver"), (None, "received"), ("batch", "in Kafka"), ("stream", "in Kafka")]


def test_a_log_finds_the_commit_of_a_record_a_version_and_a_replay() -> None:
    log = CommitLog(
        "silver.pins_batch", [_commit(3, step="replay"), _commit(2, read=(4, 6)), _commit(1, offsets=(0, 9))]
    )

    assert _version(log.find_by_record("t", 0, 9)) == 1
    assert _version(log.find_by_record("t", 0, 10)) is None
    assert _version(log.find_by_record("t", 1, 9)) is None
    assert _version(log.find_by_record(None, None, None)) is None
    assert _version(log.find_by_source_version(6)) == 2
    assert _version(log.find_by_source_version(7)) is None
    assert _version(log.find_replay(NOON)) == 3
    assert _version(log.find_replay(NOON - timedelta(seconds=1))) is None


def _commit(
    version: int,
    *,
    step: str = "silver",
    offsets: tuple[int, int] | None = None,
    read: tuple[int, int] | None = None,
) -> Commit:
    info = CommitInfo(
        "run",
        "batch",
        step,
        NOON,
        offsets=[OffsetRange("t", 0, *offsets)] if offsets else (),
        versions=Versions(*read) if read else None,
    )
    return Commit(version, NOON, "MERGE", {}, info, None)


def _version(commit: Commit | None) -> int | None:
    return commit.version if commit else None
