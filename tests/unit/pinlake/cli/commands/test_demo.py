"""`pinlake demo`: figures of every layer, and exit code 1 if one of them disagrees."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from foundation.settings import Settings
from pinlake.app.demo import run as demonstration
from pinlake.app.demo.scenario import NewestEvent, Posted
from pinlake.app.demo.summary import DemoSummary
from pinlake.app.demo.verification import Rows, ServedRows
from pinlake.cli.commands.demo import SAMPLE
from tests.unit.pinlake.cli.command_line import Outcome, run

REASONS = {"value.missing": 2, "value.not_json": 1}
SUMMARY = DemoSummary(
    posted=Posted(1_005, 1, [NewestEvent(f"pin-{number}", "event", None) for number in range(1_000)], []),
    malformed=REASONS,
    rows=[
        Rows("bronze.pins_batch", 2_016, 1_008),
        Rows("quarantine.pins_batch", 6, 3),
        Rows("silver.pins_batch", 2_000, 1_000),
    ],
    daily_pins=2_000,
    reasons={"batch": REASONS, "stream": REASONS},
    lanes_differ=0,
    served=ServedRows(2_000, 1_000, [("pin-1", "[/art]", None, 0, "2026-01-31 12:00:00.000")]),
    report="/srv/[home]/report.html",
    seconds={"posting": 1.26, "silver": 10.5},
)
WRONG = replace(SUMMARY, lanes_differ=3)


class Calls(list[tuple[bool, int]]):
    """What each demonstration was given: whether it keeps the servers, and the number of its pins."""

    summary = SUMMARY


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Replace the demonstration by one that has run already."""
    calls = Calls()

    class Demonstration:
        def __init__(self, _: Settings, *, keep: bool, on_step: Callable[[str], None]) -> None:
            self._keep, self._on_step = keep, on_step

        def run(self, pins: list[bytes]) -> DemoSummary:
            calls.append((self._keep, len(pins)))
            self._on_step("posting")
            return calls.summary

    monkeypatch.setattr(demonstration, "Demonstration", Demonstration)
    return calls


@pytest.mark.usefixtures("calls")
def test_every_figure_is_printed() -> None:
    outcome = run("demo")

    assert (outcome.code, outcome.err) == (0, "… posting\n")
    for text in (
        "1,006 posts: 1,005 accepted, 1 rejected; 3 malformed records written directly into the topics",
        "bronze.pins_batch 1,008 2,016",
        "Postgres experimental_data 1,000 2,000",
        "reason batch lane stream lane",
        "value.missing 2 2",
        "pin-1 [/art] null 0 2026-01-31 12:00:00.000",
        "posting 1.3",
        "all 11.8",
        "Every figure agrees with what was posted, and the lanes agree with each other.",
        "Quality report: /srv/[home]/report.html",
    ):
        assert text in outcome.words


def test_a_disagreement_fails_the_command(calls: Calls) -> None:
    calls.summary = WRONG

    outcome = run("demo")

    assert outcome.code == 1
    assert "wrong: 3 pins differ between the lanes" in outcome.words
    assert "Every figure agrees" not in outcome.out


def test_json_has_the_disagreements_too(calls: Calls) -> None:
    calls.summary = WRONG

    outcome = run("demo", "--json")

    (document,) = outcome.documents
    assert (outcome.code, document["disagreements"]) == (1, ["3 pins differ between the lanes"])
    assert document["rows"]["silver.pins_batch"] == {
        "table": "silver.pins_batch", "total": 2_000, "of_this_run": 1_000,
    }  # fmt: skip


def test_only_a_stack_that_was_stopped_must_be_started_again(calls: Calls) -> None:
    stopped, kept = run("demo"), run("demo", "--keep")

    assert [keep for keep, _ in calls] == [False, True]
    assert "pinlake up" in stopped.out
    assert "pinlake up" not in kept.out


def test_the_sample_is_posted_unless_another_file_is_given(calls: Calls, tmp_path: Path) -> None:
    own = tmp_path / "pins.jsonl"
    own.write_text("{}\n{}\n")

    outcomes: list[Outcome] = [run("demo"), run("demo", "--pins", str(own))]

    assert Counter(outcome.code for outcome in outcomes) == {0: 2}
    assert [pins for _, pins in calls] == [len(SAMPLE.read_bytes().splitlines()), 2]


def test_a_file_without_pins_is_an_error_before_any_server_starts(calls: Calls, tmp_path: Path) -> None:
    own = tmp_path / "pins.jsonl"
    own.write_text("\n")

    outcome = run("demo", "--pins", str(own))

    assert (outcome.code, calls) == (2, [])
    assert outcome.err == f"error: the file has no pin ({own}). Put one JSON object on each line.\n"


def test_sigterm_ends_it_in_order(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    class Demonstration:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def run(self, _: list[bytes]) -> None:
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                calls.append((False, 0))

    monkeypatch.setattr(demonstration, "Demonstration", Demonstration)

    assert (run("demo").code, calls) == (143, [(False, 0)])
