"""`pinlake diff`: counts and rows that differ, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from lakehouse.catalog.tables import BATCH, Table
from lakehouse.query import diff, time_travel
from lakehouse.query.diff import RowDiff, TableDiff
from lakehouse.query.time_travel import Moment
from tests.unit.pinlake.cli.command_line import run

ROWS = [
    RowDiff("changed", {"unique_id": "a"}, {"title": {"old": None, "new": "[red]"}}),
    RowDiff("added", {"unique_id": "b"}, {"title": "B", "category": None}),
    RowDiff("removed", {"unique_id": "c"}, {"tag_list": ["x"]}),
]


class Call(NamedTuple):
    """One comparison."""

    old: Moment | None
    new: Moment | None
    key: Sequence[str]
    limit: int


class Opened(NamedTuple):
    """A version that was asked for."""

    table: Table
    moment: Moment | None


@pytest.fixture
def compared(
    monkeypatch: pytest.MonkeyPatch,
) -> list[Call]:
    """Compare nothing: every difference is `ROWS`."""
    calls: list[Call] = []

    def open_version(_: object, table: Table, moment: Moment | None = None) -> Opened:
        return Opened(table, moment)

    def compare(old: Opened, new: Opened, *, key: Sequence[str], limit: int) -> TableDiff:
        calls.append(Call(old.moment, new.moment, key, limit))
        name = old.table.full_name
        return TableDiff(name, 3, 12, "comparison", ("unique_id",), 1_000, 2, 1, ROWS[:limit])

    monkeypatch.setattr(time_travel, "table_at", open_version)
    monkeypatch.setattr(diff, "compare_versions", compare)
    return calls


@pytest.mark.usefixtures("compared")
def test_counts_and_rows_are_printed() -> None:
    outcome = run("diff", "silver.pins_batch", "--from", "3")

    assert outcome.out.splitlines() == [
        "silver.pins_batch from version 3 to version 12, by comparison:",
        "1,000 rows added, 2 removed, 1 changed",
        "",
        "changed  unique_id a",
        "  title: null -> [red]",
        "",
        "added  unique_id b",
        "  title: B",
        "",
        "removed  unique_id c",
        '  tag_list: ["x"]',
    ]


@pytest.mark.usefixtures("compared")
def test_json_is_one_object() -> None:
    (document,) = run("diff", "silver.pins_batch", "--from", "3", "--json", "--limit", "1").documents

    assert document == {
        "table": "silver.pins_batch", "old": 3, "new": 12, "source": "comparison", "key": ["unique_id"],
        "added": 1_000, "removed": 2, "changed": 1,
        "rows": [
            {
                "kind": "changed",
                "key": {"unique_id": "a"},
                "values": {"title": {"old": None, "new": "[red]"}},
            }
        ],
    }  # fmt: skip


def test_options_name_versions_times_and_columns(
    compared: list[Call],
) -> None:
    run("diff", BATCH.silver.full_name, "--from", "3")
    run(
        "diff",
        "SILVER.pins_batch",
        "--from",
        "2026-01-31 12:00",
        "--to",
        "12",
        "--key",
        "a, b",
        "--limit",
        "0",
    )

    assert compared == [
        (3, None, (), 10),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), 12, ["a", "b"], 0),
    ]


def test_a_negative_limit_is_refused() -> None:
    outcome = run("diff", "silver.pins_batch", "--from", "3", "--limit", "-1")

    assert (outcome.code, outcome.out) == (2, "")
    assert "--limit" in outcome.err
