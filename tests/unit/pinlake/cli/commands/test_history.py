"""`pinlake history`: one line per version, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from lakehouse.catalog.tables import Table
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.query import history, time_travel
from lakehouse.query.history import Commit
from tests.unit.pinlake.cli.command_line import run

NOON = datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)
INFO = CommitInfo("run-1", "batch", "silver", NOON, code="1.0", who="me@here", read=5)
COMMITS = [
    Commit(1, NOON, "MERGE", {"numTargetRowsInserted": "3", "numTargetRowsUpdated": "1"}, INFO, "spark"),
    Commit(0, NOON, "CREATE TABLE", {}, None, "delta-rs"),
]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The limit of each call; every table has `COMMITS`."""
    calls: list[int] = []

    def table_at(_: object, table: Table) -> SimpleNamespace:
        return SimpleNamespace(log=table.full_name)

    def read_commits(_: object, *, limit: int) -> list[Commit]:
        calls.append(limit)
        return COMMITS[:limit]

    monkeypatch.setattr(time_travel, "table_at", table_at)
    monkeypatch.setattr(history, "read_commits", read_commits)
    return calls


def test_versions_are_printed_with_their_writers(limits: list[int]) -> None:
    lines = [line.split() for line in run("history", "silver.pins_batch").out.splitlines()]

    assert lines == [
        ["version", "at", "operation", "rows_in", "rows_out", "run", "lane", "step", "code", "who"],
        [
            "1",
            "2026-01-31",
            "12:00:00.500000",
            "MERGE",
            "5",
            "4",
            "run-1",
            "batch",
            "silver",
            "1.0",
            "me@here",
        ],
        ["0", "2026-01-31", "12:00:00.500000", "CREATE", "TABLE", *["null"] * 6, "delta-rs"],
    ]
    assert limits == [50]


def test_json_has_one_object_per_version(limits: list[int]) -> None:
    outcome = run("history", "silver.pins_batch", "--limit", "1", "--json")

    assert outcome.documents == [
        {
            "version": 1, "at": "2026-01-31T12:00:00.500Z", "operation": "MERGE", "rows_in": 5, "rows_out": 4,
            "run": "run-1", "lane": "batch", "step": "silver", "code": "1.0", "who": "me@here",
        }
    ]  # fmt: skip
    assert limits == [1]


@pytest.mark.usefixtures("limits")
def test_no_version_is_not_a_limit() -> None:
    assert run("history", "silver.pins_batch", "--limit", "0").code == 2
