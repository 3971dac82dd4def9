"""`pinlake bronze`, `silver`, `gold` and `stream`: their leases, their figures, and Spark for work alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from foundation.errors import TransientError
from foundation.settings import S3Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines import batch, stream_status_writer
from lakehouse.pipelines import stream as stream_lane
from lakehouse.pipelines.pending_work import batch as batch_work
from lakehouse.pipelines.pending_work import stream as stream_work
from lakehouse.quality.publish import AuditFailedError
from lakehouse.quality.results import RuleResult
from tests.unit.pinlake.cli.command_line import run
from tests.unit.pinlake.cli.conftest import Held

COUNTS = StepMetrics(batches=2, read=12_345, written=12_000, quarantined=345, seconds=1.26)
NOTHING = "0 rows read, 0 written, 0 quarantined in 0 micro-batches, 0.0 s"
LINE = "12,345 rows read, 12,000 written, 345 quarantined in 2 micro-batches, 1.3 s"
LOCKS = {
    "bronze": "bronze.pins_batch",
    "silver": "silver.pins_batch",
    "gold": "gold.pin_features_batch",
    "stream": "stream",
}
FAILURES = [
    RuleResult(
        "run", "batch", "silver", "silver.pins_batch", 3, "silver.[id].unique", "critical", "table",
        1_000, None, "7", False, 0.1, "suite", datetime(2026, 1, 31, tzinfo=UTC),
    )
]  # fmt: skip


class Lane:
    """The stream lane without Spark: it processes what there is, or follows until it is stopped."""

    stopped: Sequence[bool] = ()

    def drain(self) -> StepMetrics:
        return COUNTS

    def follow(self, *, stop: threading.Event) -> StepMetrics:
        before = stop.is_set()
        signal.raise_signal(signal.SIGTERM)
        # The second signal must end the process at once.
        type(self).stopped = (before, stop.is_set(), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
        return StepMetrics(seconds=1.5)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str | Exception]:
    """What every step finds without Spark: reasons, or an error."""
    outcomes: list[str | Exception] = ["a new object"]

    def find_work(*_: object) -> Iterator[str]:
        for each in outcomes:
            if isinstance(each, Exception):
                raise each
            yield each

    for name in ("bronze_work", "silver_work", "gold_work"):
        monkeypatch.setattr(batch_work, name, find_work)
    monkeypatch.setattr(stream_work, "stream_work", find_work)
    return outcomes


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands whose status was written although they had nothing to do."""
    commands: list[str] = []

    def write_skipped_run(_: S3Settings, *, command: str) -> None:
        commands.append(command)

    monkeypatch.setattr(stream_status_writer, "write_skipped_run", write_skipped_run)
    return commands


@pytest.fixture(autouse=True)
def _steps(
    sessions: list[str],
    leases: list[Held],
    work: list[str | Exception],
    skipped: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def open_stream(*_: object) -> Lane:
        return Lane()

    monkeypatch.setattr(batch, "run_bronze", lambda _: COUNTS)
    monkeypatch.setattr(batch, "run_silver", lambda _, *, text_policy: COUNTS)
    monkeypatch.setattr(batch, "run_gold", lambda _: COUNTS)
    monkeypatch.setattr(stream_lane, "open_stream", open_stream)


@pytest.mark.parametrize("name", LOCKS)
def test_a_step_prints_its_figures_under_its_own_lease(
    name: str, sessions: list[str], leases: list[Held]
) -> None:
    once = ["--once"] if name == "stream" else []

    outcome = run(name, *once, "--wait", "1.5")

    assert (outcome.code, outcome.out) == (0, f"{name}: {LINE}\n")
    assert leases == [Held(f"pinlake {name}", (LOCKS[name],), 1.5)]
    assert sessions == [f"pinlake {name}", "stopped"]
    assert run(name, *once, "--json").documents == [
        {"step": name, "batches": 2, "read": 12_345, "written": 12_000, "quarantined": 345, "seconds": 1.26}
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_a_step_without_work_prints_zeros_and_starts_no_spark(
    name: str,
    work: list[str | Exception],
    sessions: list[str],
    leases: list[Held],
    skipped: list[str],
) -> None:
    work.clear()
    once = ["--once"] if name == "stream" else []

    outcome = run(name, *once, "--wait", "1.5")

    assert (outcome.code, outcome.out) == (0, f"{name}: {NOTHING}\n")
    # It waits for another writer all the same: only then is it clear what is left to do.
    assert leases == [Held(f"pinlake {name}", (LOCKS[name],), 1.5)]
    assert sessions == []
    assert skipped == (["pinlake stream"] if once else [])
    assert run(name, *once, "--json").documents == [
        {"step": name, "batches": 0, "read": 0, "written": 0, "quarantined": 0, "seconds": 0.0}
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_a_step_that_cannot_look_for_work_starts_spark(
    name: str, work: list[str | Exception], sessions: list[str], skipped: list[str]
) -> None:
    work[:] = [TransientError("the object store does not answer", where="s3://pins", hint="Wait.")]
    once = ["--once"] if name == "stream" else []

    outcome = run("--log-level", "DEBUG", name, *once)

    assert outcome.out == f"{name}: {LINE}\n"
    assert sessions == [f"pinlake {name}", "stopped"]
    assert "the object store does not answer (s3://pins). Wait." in outcome.err
    assert skipped == []


def test_a_stream_that_follows_does_not_look_for_work(
    work: list[str | Exception], sessions: list[str]
) -> None:
    work.clear()

    run("stream")

    assert sessions == ["pinlake stream", "stopped"]


def test_silver_cleans_by_the_policy_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    policies: list[str] = []

    def run_silver(_: DeltaLake, *, text_policy: str) -> StepMetrics:
        policies.append(text_policy)
        return COUNTS

    monkeypatch.setattr(batch, "run_silver", run_silver)
    monkeypatch.setenv("PINLAKE_TEXT_POLICY", "ascii")

    run("silver")

    assert policies == ["ascii"]


def test_a_stream_follows_until_a_signal() -> None:
    (document,) = run("stream", "--json").documents

    assert Lane.stopped == (False, True, True)
    assert document["seconds"] == 1.5


def test_a_failed_audit_prints_the_rules_and_ends_with_code_1(
    sessions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: DeltaLake) -> NoReturn:
        raise AuditFailedError(FAILURES, readers_keep="version 2")

    monkeypatch.setattr(batch, "run_gold", fail)

    outcome = run("gold", "--json")

    assert (outcome.code, outcome.out, sessions[-1]) == (1, "", "stopped")
    words = " ".join(outcome.err.split())
    assert "silver.pins_batch 3 silver.[id].unique 1000 7" in words
    assert "error: critical rules failed: silver.[id].unique; readers keep version 2" in words
