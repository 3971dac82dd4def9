"""`pinlake bronze`, `silver`, `gold` and `stream`: their leases, their figures, and their end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines import batch
from lakehouse.pipelines import stream as stream_lane
from lakehouse.quality.publish import AuditFailedError
from lakehouse.quality.results import RuleResult
from tests.unit.pinlake.cli.command_line import run
from tests.unit.pinlake.cli.conftest import Held

COUNTS = StepMetrics(batches=2, read=12_345, written=12_000, quarantined=345, seconds=1.26)
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


@pytest.fixture(autouse=True)
def _steps(sessions: list[str], leases: list[Held], monkeypatch: pytest.MonkeyPatch) -> None:
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
