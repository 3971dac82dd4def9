"""The retention of a history: superseded events go once they are old; the newest of each pin stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from foundation.event import event_id_at
from lakehouse.catalog.schemas import FEATURES
from lakehouse.catalog.tables import STREAM
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.history_retention import remove_superseded
from lakehouse.operations.maintenance import maintain

TABLE = STREAM.features
NOW = datetime(2026, 3, 1, tzinfo=UTC)
# Days before now, by pin.
EVENTS = {"busy": (40, 31, 29, 1), "quiet": (90,), "twice": (60, 45)}


@pytest.fixture
def history(lake: DeltaLake) -> DeltaLake:
    """A history with a file for each age."""
    lake.ensure(TABLE)
    for number, age in enumerate(sorted({age for ages in EVENTS.values() for age in ages}, reverse=True)):
        pins = [pin for pin, ages in EVENTS.items() if age in ages]
        _append(lake, pins, age, number)
    return lake


def test_old_events_go_except_the_newest_of_each_pin(history: DeltaLake) -> None:
    before = history.version(TABLE)
    untouched = _file_of(history, "busy", 1)

    assert remove_superseded(history, TABLE, days=30, now=NOW, dry_run=True) == 3
    assert history.version(TABLE) == before
    assert remove_superseded(history, TABLE, days=30, now=NOW) == 3

    assert _ages(history) == {"busy": [29, 1], "quiet": [90], "twice": [45]}
    assert _file_of(history, "busy", 1) == untouched
    (commit,) = history.delta_table(TABLE).history(1).select("userMetadata", "operationMetrics").collect()
    info = commit_info.parse(commit.userMetadata)
    assert info is not None
    assert (info.lane, info.step) == ("stream", Step.EXPIRE)
    assert commit.operationMetrics["numTargetRowsDeleted"] == "3"


def test_a_second_run_commits_nothing(history: DeltaLake) -> None:
    remove_superseded(history, TABLE, days=30, now=NOW)
    version = history.version(TABLE)

    assert remove_superseded(history, TABLE, days=30, now=NOW) == 0
    assert history.version(TABLE) == version


def test_maintenance_removes_them_if_asked_to(history: DeltaLake) -> None:
    outcome = maintain(history, TABLE)
    dry = maintain(history, TABLE, history_days=2, dry_run=True)
    result = maintain(history, TABLE, history_days=2)

    assert outcome is not None
    assert dry is not None
    assert result is not None
    assert (outcome.expired, dry.expired, result.expired) == (0, 4, 4)
    assert _ages(history) == {"busy": [1], "quiet": [90], "twice": [45]}


def _append(lake: DeltaLake, pins: Sequence[str], age: int, number: int) -> None:
    moment = NOW - timedelta(days=age)
    rows = [(pin, "art", age, 1, event_id_at(moment), moment) for pin in pins]
    frame = lake.spark.createDataFrame(rows, FEATURES).coalesce(1)
    lake.append(frame, TABLE, MicroBatch("query", number))


def _ages(lake: DeltaLake) -> dict[str, list[int]]:
    rows = lake.read(TABLE).orderBy("event_id").collect()
    return {pin: [row.follower_count for row in rows if row.unique_id == pin] for pin in EVENTS}


def _file_of(lake: DeltaLake, pin: str, age: int) -> str:
    rows = lake.read(TABLE).where(f"unique_id = '{pin}' AND follower_count = {age}")
    (row,) = rows.selectExpr("_metadata.file_path AS file").collect()
    return str(row.file)
