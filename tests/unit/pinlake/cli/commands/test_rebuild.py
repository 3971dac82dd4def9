"""`pinlake rebuild`: the changes are printed, and written only with --publish."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.rebuild import run as rebuild_run
from lakehouse.operations.rebuild.changes import ChangedRow, TableChanges
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.run import RebuildRequest, RebuildSummary
from tests.unit.pinlake.cli.command_line import run
from tests.unit.pinlake.cli.conftest import Held

DAYS = ("--from", "2026-01-30", "--to", "2026-01-31")
CHANGES = TableChanges(
    "gold.category_daily",
    added=1_000,
    changed=1,
    removed=1,
    columns={"pins": 1_001},
    examples=(
        ChangedRow("changed", {"day": "2026-01-30", "category": None}, {"pins": (1, 2), "note": (None, "ü")}),
        ChangedRow("added", {"day": "2026-01-30", "category": "[red]"}, {"pins": (None, 3)}),
        ChangedRow("removed", {"day": "2026-01-31", "category": "art"}, {"pins": (4, None)}),
    ),
)
SUMMARY = RebuildSummary(judged=1_234, refused=2, released=3, tables=(CHANGES,))
EMPTY = RebuildSummary(judged=5, refused=0, released=0, tables=(TableChanges("t", 0, 0, 0, {}, ()),))


class Runs(list[tuple[str, RebuildRequest]]):
    """The kind and the request of each run."""

    summary = SUMMARY


@pytest.fixture
def runs(sessions: list[str], leases: list[Held], monkeypatch: pytest.MonkeyPatch) -> Runs:
    calls = Runs()

    def preview(_: DeltaLake, request: RebuildRequest) -> RebuildSummary:
        calls.append(("preview", request))
        return calls.summary

    def publish(_: DeltaLake, request: RebuildRequest, *, report: Callable[[RebuildSummary], None]) -> None:
        report(calls.summary)
        calls.append(("publish", request))

    monkeypatch.setattr(rebuild_run, "preview", preview)
    monkeypatch.setattr(rebuild_run, "publish", publish)
    return calls


def test_a_preview_prints_the_changes_and_writes_nothing(runs: Runs, leases: list[Held]) -> None:
    outcome = run("rebuild", *DAYS)

    assert (outcome.code, outcome.out.splitlines()) == (
        0,
        [
            "1,234 events checked again: 2 more rows for quarantine, 3 rows of quarantine pass now",
            "gold.category_daily: 1,000 added, 1 changed, 1 removed",
            "  pins: 1,001",
            '  2026-01-30, None: pins 1 -> 2; note null -> "ü"',
            "  2026-01-30, [red]: added, pins 3",
            "  2026-01-31, art: removed, pins 4",
            "nothing was written: use --publish to publish the changes",
        ],
    )
    days = DateRange(date(2026, 1, 30), date(2026, 1, 31))
    assert runs == [("preview", RebuildRequest(days, "unicode", 5))]
    assert leases == [Held("pinlake rebuild", (), 0.0)]


def test_publish_takes_the_leases_of_the_batch_lane(runs: Runs, leases: list[Held]) -> None:
    outcome = run("rebuild", *DAYS, "--publish", "--wait", "1", "--limit", "0")

    assert outcome.out.splitlines()[-1] == "published: readers see the changes"
    ((kind, request),) = runs
    assert (kind, request.examples) == ("publish", 0)
    names = ("bronze.pins_batch", "silver.pins_batch", "gold.pin_features_batch")
    assert leases == [Held("pinlake rebuild", names, 1.0)]


def test_without_changes_there_is_nothing_to_publish(runs: Runs) -> None:
    runs.summary = EMPTY

    assert run("rebuild", *DAYS).out.splitlines() == [
        "5 events checked again: 0 more rows for quarantine, 0 rows of quarantine pass now",
        "t: 0 added, 0 changed, 0 removed",
    ]


@pytest.mark.parametrize("publish", [True, False])
def test_json_has_the_stored_names(publish: bool, runs: Runs) -> None:
    outcome = run("rebuild", *DAYS, "--json", *(["--publish"] if publish else []))

    (document,) = outcome.documents
    assert list(document) == ["step", "published", "judged", "refused", "let_through", "tables"]
    assert (document["step"], document["published"], document["let_through"]) == ("rebuild", publish, 3)
    assert document["tables"][0]["examples"][0]["values"]["note"] == [None, "ü"]
    assert "ü" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "2026-01-31", "--to", "2026-01-30"), "--to is before --from (rebuild)."),
        ((*DAYS, "--lane", "stream"), "(--lane stream). Restart the stream to apply the current rules;"),
        (("--from", "2026-01-31T10:00", "--to", "2026-01-31"), "--from"),
        ((*DAYS, "--limit", "1001"), "--limit"),
    ],
    ids=["backwards", "stream", "time", "limit"],
)
def test_a_wrong_request_starts_nothing(
    arguments: tuple[str, ...], message: str, runs: Runs, leases: list[Held]
) -> None:
    outcome = run("rebuild", *arguments)

    assert (outcome.code, outcome.out, runs, leases) == (2, "", [], [])
    assert message in outcome.err


def test_one_day_may_be_rebuilt(runs: Runs) -> None:
    assert run("rebuild", "--from", "2026-01-30", "--to", "2026-01-30").code == 0
    assert runs[0][1].days == DateRange(date(2026, 1, 30), date(2026, 1, 30))
