"""`pinlake quality check-suites` and `history`: every mistake is printed, and results as they are stored."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import Row

from foundation.errors import TerminalError
from lakehouse.catalog.tables import PUBLISHED, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality import gate, results
from lakehouse.quality.suite_file import FOLDER
from lakehouse.quality.suite_model import Suite
from lakehouse.quality.suites import load_file
from tests.unit.pinlake.cli.command_line import run

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
RESULT = Row(
    at=NOON, version=None, rule="silver.[id].unique", severity="critical", kind="row", evaluated=10,
    unexpected=0, observed=None, success=True, run_id="run",
)  # fmt: skip
BOTH = "1 for the batch lane alone, 1 for the stream lane alone, "


class Results(list[Row]):
    """The rows of a table, with a limit as a DataFrame has it."""

    request: tuple[str, str | None] | None = None

    def limit(self, count: int) -> Results:
        return Results(self[:count])

    def collect(self) -> list[Row]:
        return self


@pytest.fixture
def stored(sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> Results:
    rows = Results()

    def read_results(_: DeltaLake, table: str, *, rule: str | None) -> Results:
        rows.request = (table, rule)
        return rows

    monkeypatch.setattr(results, "read_results", read_results)
    return rows


@pytest.fixture
def _compiled(sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "find_compile_errors", lambda *_: [])


@pytest.mark.usefixtures("_compiled")
def test_valid_suites_are_printed_with_the_number_of_their_rules() -> None:
    outcome = run("quality", "check-suites")

    suites = [load_file(table) for table in PUBLISHED]
    assert (outcome.code, outcome.out.splitlines()) == (
        0,
        [
            f"{suite.name}: {len(suite.row_rules)} row rules, {len(suite.table_rules)} table rules, "
            f"{of_lanes}{suite.fingerprint[:12]}"
            for suite, of_lanes in zip(suites, ("", BOTH, BOTH), strict=True)
        ],
    )
    assert run("quality", "check-suites", "--json").documents == [
        {
            "suite": suite.name,
            "row": len(suite.row_rules),
            "table": len(suite.table_rules),
            "lanes": lanes,
            "fingerprint": suite.fingerprint,
        }
        for suite, lanes in zip(
            suites, ({}, {"batch": 1, "stream": 1}, {"batch": 1, "stream": 1}), strict=True
        )
    ]


def test_mistakes_in_the_files_are_all_printed_and_spark_is_not_started(
    sessions: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "suites"
    shutil.copytree(FOLDER, folder)
    broken = [folder / f"{table.suite}.json" for table in PUBLISHED[:2]]
    for path in broken:
        path.write_text("{")
    (folder / "other.json").write_text("{}")

    outcome = run("quality", "check-suites", "--folder", str(folder))

    assert (outcome.code, outcome.out, sessions) == (1, "", [])
    lines = outcome.err.splitlines()
    assert [line.startswith("error: ") for line in lines] == [True] * 3
    assert [path.name for path in (*broken, folder / "other.json") if path.name not in outcome.err] == []


def test_mistakes_that_spark_finds_are_printed(sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def find(_: object, table: Table, __: Suite) -> list[TerminalError]:
        return [TerminalError("no such [column]", where=table.full_name, hint="Correct it.")]

    monkeypatch.setattr(gate, "find_compile_errors", find)

    outcome = run("quality", "check-suites")

    assert (outcome.code, outcome.out, sessions[-1]) == (1, "", "stopped")
    assert outcome.err.splitlines() == [
        f"error: no such [column] ({table.full_name}). Correct it." for table in PUBLISHED
    ]


def test_results_are_printed_and_null_is_empty(stored: Results) -> None:
    stored.append(RESULT)

    outcome = run("quality", "history", "silver.pins_batch")

    assert (outcome.code, stored.request) == (0, ("silver.pins_batch", None))
    assert [line.split() for line in outcome.out.splitlines()] == [
        ["at", "version", "rule", "severity", "kind", "evaluated", "unexpected", "observed", "success"],
        ["2026-01-31", "12:00:00+00:00", "silver.[id].unique", "critical", "row", "10", "0", "True"],
    ]


def test_json_has_every_column(stored: Results) -> None:
    stored += [RESULT, RESULT]

    outcome = run(
        "quality", "history", "silver.pins_batch", "--rule", "silver.[id].unique", "--limit", "1", "--json"
    )

    assert stored.request == ("silver.pins_batch", "silver.[id].unique")
    assert outcome.documents == [{**RESULT.asDict(), "at": "2026-01-31 12:00:00+00:00"}]


def test_without_results_there_is_only_the_head(stored: Results) -> None:
    outcome = run("quality", "history", "silver.pins_batch")

    assert (outcome.code, len(outcome.out.splitlines())) == (0, 1)
    assert run("quality", "history", "silver.pins_batch", "--json").out == ""


@pytest.mark.usefixtures("sessions")
def test_a_table_without_a_suite_is_an_error() -> None:
    outcome = run("quality", "history", "quarantine.pins_batch")

    assert (outcome.code, outcome.out) == (2, "")
    assert "error: quarantine.pins_batch has no suite (quality history)." in outcome.err
