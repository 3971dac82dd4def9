"""`pinlake drift`: exit code 1 only for drift that silver cannot handle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.catalog.tables import Lane
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.schema_drift import detect
from lakehouse.observability.schema_drift.report import Drift, Field, FieldDrift
from tests.unit.pinlake.cli.command_line import run

NEW = FieldDrift(new=(Field("colour", {"string": 1}, 1.0, "2026-01-30T10:00:00+00:00"),))


@pytest.fixture
def drifts(sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Drift | None]:
    """The drift of each lane; a test may replace it."""
    at = datetime(2026, 1, 31, tzinfo=UTC)
    by_lane: dict[str, Drift | None] = {
        name: Drift(name, at.isoformat(), at.isoformat(), 7) for name in ("batch", "stream")
    }

    def detect_drift(_: DeltaLake, lane: Lane, *, days: float, now: datetime) -> Drift | None:
        fields = by_lane[lane.name]
        return fields and replace(fields, since=(at - timedelta(days=days)).isoformat())

    monkeypatch.setattr(detect, "detect_drift", detect_drift)
    return by_lane


def test_new_fields_are_reported_without_a_failure(drifts: dict[str, Drift | None]) -> None:
    drifts["batch"] = Drift("batch", "", "", 7, NEW)

    outcome = run("drift")

    assert outcome.code == 0
    assert "batch lane, 7 records since 2026-01-24T00:00 new colour" in outcome.words
    assert (
        "stream lane, 7 records since 2026-01-24T00:00 every field is as silver expects it" in outcome.words
    )


@pytest.mark.parametrize(("lane", "code"), [("batch", 0), ("stream", 1)])
def test_a_lost_field_fails_the_command_for_its_lane_only(
    lane: str, code: int, drifts: dict[str, Drift | None]
) -> None:
    drifts["stream"] = Drift("stream", "", "", 7, FieldDrift(lost=("title",)))

    outcome = run("drift", "--lane", lane, "--days", "1", "--json")

    (document,) = outcome.documents
    assert (outcome.code, document["lane"], document["critical"]) == (code, lane, code == 1)
    assert document["since"] == "2026-01-30T00:00:00+00:00"


def test_a_lane_without_bronze_is_left_out(drifts: dict[str, Drift | None]) -> None:
    drifts["batch"] = None

    assert [document["lane"] for document in run("drift", "--json").documents] == ["stream"]


def test_without_any_bronze_the_command_says_what_to_run(drifts: dict[str, Drift | None]) -> None:
    drifts.update(batch=None, stream=None)

    outcome = run("drift")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: bronze has no records yet (drift). Run a lane first.\n"


def test_an_unknown_lane_starts_no_session(sessions: list[str]) -> None:
    assert run("drift", "--lane", "both").code == 2
    assert sessions == []
