"""`pinlake maintain`: sizes before and after, and the reasons why files stay."""

from __future__ import annotations

import pytest

from lakehouse.catalog.tables import HISTORIES, TABLES, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations import maintenance
from lakehouse.operations.maintenance import MaintenanceResult, TableSize
from tests.unit.pinlake.cli.command_line import run
from tests.unit.pinlake.cli.conftest import Held

BEFORE = TableSize(files=20, bytes=2_000_000, stored_files=50, stored_bytes=3_000_000)
AFTER = TableSize(files=1, bytes=1_900_000, stored_files=50, stored_bytes=1_900_000)
NAME = "silver.pins_batch"
REASON = "nothing was removed: `pinlake gold` still needs version 3 of [2026-01-31]"


@pytest.fixture
def tables(sessions: list[str], leases: list[Held], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that were maintained; only silver.pins_batch exists."""
    names: list[str] = []

    def maintain(
        _: DeltaLake, table: Table, *, history_days: int | None, dry_run: bool
    ) -> MaintenanceResult | None:
        names.append(table.full_name)
        if history_days is not None:
            return MaintenanceResult(table.full_name, BEFORE, None, expired=history_days * 1_000)
        if table.full_name != NAME:
            return None
        return MaintenanceResult(NAME, BEFORE, None if dry_run else AFTER, 19, 0, (REASON,))

    monkeypatch.setattr(maintenance, "maintain", maintain)
    return names


def test_every_table_is_maintained_and_those_that_exist_are_printed(
    tables: list[str], leases: list[Held]
) -> None:
    outcome = run("maintain", "--wait", "2")

    assert tables == [table.full_name for table in TABLES]
    head, line, reason = (" ".join(line.split()) for line in outcome.out.splitlines())
    assert head == "table files of the newest version joined all files in all removed"
    assert line == f"{NAME} 20 to 1 2.0 MB to 1.9 MB 19 50 3.0 MB to 1.9 MB 0"
    assert reason == f"{NAME}: {REASON}"
    names = ("bronze.pins_batch", "silver.pins_batch", "gold.pin_features_batch")
    assert leases == [Held("pinlake maintain", names, 2.0)]


def test_a_dry_run_needs_no_lease(tables: list[str], leases: list[Held]) -> None:
    outcome = run("maintain", NAME, "--dry-run")

    assert tables == [NAME]
    assert "to join all files in all to remove" in outcome.words
    assert f"{NAME} 20 2.0 MB 19 50 3.0 MB 0" in outcome.words
    assert leases == [Held("pinlake maintain", (), 0.0)]


@pytest.mark.usefixtures("tables")
def test_json_has_one_object_per_table_that_exists() -> None:
    size = {"files": 20, "bytes": 2_000_000, "stored_files": 50, "stored_bytes": 3_000_000}

    assert run("maintain", "--dry-run", "--json").documents == [
        {
            "table": NAME,
            "before": size,
            "after": None,
            "joined": 19,
            "removed": 0,
            "held_back": [REASON],
            "expired": 0,
        }
    ]


@pytest.mark.usefixtures("tables")
def test_the_retention_is_that_of_the_setting_and_of_histories_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINLAKE_STREAM_HISTORY_DAYS", "30")

    outcome = run("maintain", "--dry-run")

    lines = [line for line in outcome.out.splitlines() if "superseded" in line]
    assert lines == [f"{table.full_name}: 30,000 superseded events to remove" for table in HISTORIES]


def test_an_unknown_table_starts_nothing(tables: list[str], sessions: list[str]) -> None:
    outcome = run("maintain", "silver.pins")

    assert (outcome.code, tables, sessions) == (2, [], [])
    assert outcome.err.startswith(
        "error: no table silver.pins (maintain). The tables are: bronze.pins_batch,"
    )
