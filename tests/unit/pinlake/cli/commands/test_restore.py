"""`pinlake restore`: the differences come first, then the question, then the restore."""

from __future__ import annotations

from typing import NoReturn

import pytest

from foundation.errors import UsageError
from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations import restore as restores
from lakehouse.operations import restore_plan
from lakehouse.operations.restore_plan import RestorePlan
from lakehouse.query import time_travel
from lakehouse.query.diff import TableDiff
from tests.unit.pinlake.cli.command_line import run
from tests.unit.pinlake.cli.conftest import Held

NAME = "silver.pins_batch"
DIFFERENCE = TableDiff(NAME, 12, 3, "change feed", ("unique_id",), 1, 2_000, 3)
PLAN = RestorePlan(DIFFERENCE, ("gold keeps its newer events",))


class Restores(list[tuple[str, int]]):
    """The table and the version of each restore."""

    published: int | None = 13


@pytest.fixture
def done(sessions: list[str], leases: list[Held], monkeypatch: pytest.MonkeyPatch) -> Restores:
    calls = Restores()

    def restore(_: DeltaLake, table: Table, version: int) -> int:
        calls.append((table.full_name, version))
        return 13

    monkeypatch.setattr(time_travel, "table_at", lambda *_: None)
    monkeypatch.setattr(restore_plan, "plan_restore", lambda *_: PLAN)
    monkeypatch.setattr(restores, "restore", restore)
    monkeypatch.setattr(restores, "publish_restored", lambda *_: calls.published)
    return calls


def test_differences_notes_and_the_new_version_are_printed(done: Restores, leases: list[Held]) -> None:
    outcome = run("restore", NAME, "--to", "3", "--yes", "--wait", "2")

    assert (outcome.code, done) == (0, [(NAME, 3)])
    assert outcome.out.splitlines() == [
        f"{NAME} from version 12 to version 3, by change feed:",
        "1 rows added, 2,000 removed, 3 changed",
        "Note: gold keeps its newer events.",
        f"{NAME} version 13 has the content of version 3.",
        "Readers see version 13.",
    ]
    assert leases == [Held("pinlake restore", (NAME,), 2.0)]


def test_a_table_that_is_not_published_has_no_version_for_readers(done: Restores) -> None:
    done.published = None

    assert "Readers see" not in run("restore", NAME, "--to", "3", "--yes").out


@pytest.mark.parametrize(("answer", "code", "restored"), [("y\n", 0, 1), ("n\n", 1, 0), ("", 1, 0)])
def test_nothing_is_restored_before_the_user_agrees(
    answer: str, code: int, restored: int, done: Restores, sessions: list[str]
) -> None:
    outcome = run("restore", NAME, "--to", "3", answer=answer)

    assert (outcome.code, len(done), bool(sessions)) == (code, restored, restored == 1)
    assert "Restore it? [y/N]:" in outcome.err


@pytest.mark.usefixtures("done")
def test_json_is_the_difference_with_what_became_of_it() -> None:
    (document,) = run("restore", NAME, "--to", "3", "--yes", "--json").documents

    assert document == {
        "table": NAME, "old": 12, "new": 3, "source": "change feed", "key": ["unique_id"], "added": 1,
        "removed": 2_000, "changed": 3, "rows": [], "notes": ["gold keeps its newer events"], "version": 13,
        "published": 13,
    }  # fmt: skip


def test_a_wrong_version_is_reported_before_any_lease(
    done: Restores, leases: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise UsageError("no version 99", where=NAME, hint="There are 0 to 12.")

    monkeypatch.setattr(time_travel, "table_at", refuse)

    outcome = run("restore", NAME, "--to", "99", "--yes")

    assert (outcome.code, outcome.out, done, leases) == (2, "", [], [])
    assert outcome.err == f"error: no version 99 ({NAME}). There are 0 to 12.\n"
