"""`pinlake why`: the entries of a pin, with the details that are known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lakehouse.observability.pin_trace import served_row, trace
from lakehouse.observability.pin_trace.timeline import Entry
from tests.unit.pinlake.cli.command_line import run

PIN = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ENTRIES = [
    Entry(NOON, None, "received", {"event_id": "event"}),
    Entry(NOON, "batch", "refused", {"reasons": ["[red]"], "note": None}),
    Entry(NOON, "stream", "Postgres", {"note": None}),
]


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pins that were traced."""
    traced: list[str] = []

    def trace_pin(
        _: object, pin: str, *, read_served_row: Callable[[str], dict[str, object] | None]
    ) -> list[Entry]:
        assert read_served_row(pin) is None
        traced.append(pin)
        return ENTRIES

    monkeypatch.setattr(served_row, "read_served_row", lambda *_: None)
    monkeypatch.setattr(trace, "trace_pin", trace_pin)
    return traced


def test_entries_are_printed_without_what_is_unknown(pins: list[str]) -> None:
    outcome = run("why", f" {PIN.upper()} ")

    assert (outcome.code, pins) == (0, [PIN])
    assert [" ".join(line.split()) for line in outcome.out.splitlines()] == [
        "at lane what details",
        "2026-01-31 12:00:00 received event_id event",
        '2026-01-31 12:00:00 batch refused reasons ["[red]"]',
        "2026-01-31 12:00:00 stream Postgres",
    ]


@pytest.mark.usefixtures("pins")
def test_json_has_every_detail_of_every_entry() -> None:
    outcome = run("why", PIN, "--json")

    assert outcome.documents == [
        {"at": "2026-01-31T12:00:00.000Z", "lane": entry.lane, "what": entry.what, "details": entry.details}
        for entry in ENTRIES
    ]
