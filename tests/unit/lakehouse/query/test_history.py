"""The history of a table: rows that went in and out of each commit, whoever wrote it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable

from foundation.offsets import OffsetRange
from lakehouse.catalog.tables import STREAM
from lakehouse.delta import commit_info
from lakehouse.query.history import Commit, read_commits
from tests.local_store import LocalStore, write

INFO = replace(commit_info.begin(lane="batch", step="silver"), code="0.2.0", who="a@b")
COMMIT = Commit(3, datetime(2026, 3, 1, tzinfo=UTC), "MERGE", {}, None, "Apache-Spark")


@pytest.mark.parametrize(
    ("operation", "metrics", "rows_out"),
    [
        ("CREATE TABLE", {}, None),
        ("WRITE", {"numOutputRows": "7"}, 7),
        # A merge's output rows include the rows that it only copied.
        (
            "MERGE",
            {"numOutputRows": "99", "numTargetRowsInserted": "3", "numTargetRowsUpdated": "2"},
            5,
        ),
        ("MERGE", {"numTargetRowsInserted": "0", "numTargetRowsDeleted": "4"}, 4),
        ("DELETE", {"numOutputRows": "99", "numDeletedRows": "2"}, 2),
        ("UPDATE", {"numOutputRows": "99", "numUpdatedRows": "1"}, 1),
        ("DELETE", {}, None),
        ("RESTORE", {"numRestoredFiles": "2"}, None),
    ],
)
def test_rows_out_are_those_that_changed(
    operation: str, metrics: dict[str, str], rows_out: int | None
) -> None:
    assert replace(COMMIT, operation=operation, metrics=metrics).rows_out == rows_out


def test_rows_in_are_counted_by_the_gate_or_the_offsets_or_the_merge() -> None:
    ranges = (OffsetRange("t", 0, 5, 9), OffsetRange("t", 1, 0, 0))
    merge = replace(COMMIT, metrics={"numSourceRows": "4"})
    from_kafka = replace(merge, commit_info=replace(INFO, offsets=ranges))

    assert COMMIT.rows_in is None
    assert merge.rows_in == 4
    assert replace(merge, commit_info=INFO).rows_in == 4
    assert from_kafka.rows_in == 6
    assert replace(merge, commit_info=replace(INFO, offsets=ranges, read=0)).rows_in == 0


def test_a_row_names_the_step_or_else_the_program() -> None:
    by_step = replace(COMMIT, commit_info=INFO).as_row()
    by_another = COMMIT.as_row()
    by_an_older_version = replace(COMMIT, commit_info=replace(INFO, code="", who="")).as_row()

    assert (by_step["run"], by_step["lane"], by_step["step"]) == (INFO.run, "batch", "silver")
    assert (by_step["code"], by_step["who"]) == ("0.2.0", "a@b")
    assert (by_another["run"], by_another["step"], by_another["code"]) == (None, None, None)
    assert by_another["who"] == "Apache-Spark"
    assert (by_an_older_version["code"], by_an_older_version["who"]) == (None, None)


def test_commits_are_read_from_the_log_newest_first(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    write(store, STREAM.silver, [{"a": 1}, {"a": 2, "b": 1}], change_feed=False)

    table = DeltaTable(store.table_url(STREAM.silver))
    commits = read_commits(table)

    assert [commit.version for commit in commits] == [1, 0]
    assert commits[0].operation == "MERGE"
    assert abs((datetime.now(UTC) - commits[0].at).total_seconds()) < 60
    assert all(commit.commit_info is None for commit in commits)
    assert "delta-rs" in str(commits[0].as_row()["who"])
    assert [commit.version for commit in read_commits(table, limit=1)] == [1]
