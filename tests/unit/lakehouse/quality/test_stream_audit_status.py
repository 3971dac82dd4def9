"""The status of the stream's audit: its stored form, and when it counts as failed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.quality.stream_audit_status import KEY, StreamAuditStatus, TableAuditStatus

RULES = st.lists(st.text(), max_size=3)
TABLES = st.dictionaries(st.text(), st.builds(TableAuditStatus, st.integers(0), RULES, RULES), max_size=3)
STATUSES = st.builds(StreamAuditStatus, st.text(), st.text(), st.none() | st.text(), TABLES)


@given(STATUSES)
def test_a_status_is_read_back_unchanged(status: StreamAuditStatus) -> None:
    assert StreamAuditStatus.from_json(status.as_json()) == status
    assert StreamAuditStatus.from_json(status.as_json().encode()) == status


@pytest.mark.parametrize(
    ("error", "critical", "warning", "failed"),
    [
        (None, [], [], False),
        (None, [], ["silver.event_time.fresh"], False),
        (None, ["silver.rows.some"], [], True),
        ("the table cannot be read", [], [], True),
    ],
)
def test_an_audit_fails_by_a_critical_rule_or_if_it_could_not_run(
    error: str | None, critical: list[str], warning: list[str], failed: bool
) -> None:
    tables = {"silver.pins_stream": TableAuditStatus(4, critical, warning), "other": TableAuditStatus(1)}

    assert StreamAuditStatus("2026-03-01T12:00:00+00:00", "run", error, tables).failed == failed


def test_names_are_stored_and_do_not_change() -> None:
    document = json.loads(StreamAuditStatus("at", "run", None, {"t": TableAuditStatus(1)}).as_json())

    assert KEY == "warehouse/_quality/stream.json"
    assert document == {
        "at": "at",
        "run_id": "run",
        "error": None,
        "tables": {"t": {"version": 1, "critical": [], "warning": [], "since": None}},
    }


@pytest.mark.parametrize(
    ("status", "bases"),
    [
        (TableAuditStatus(4), (4, None)),
        (TableAuditStatus(4, warning=["few"], since=2), (4, 2, None)),
        # Its rows are checked again until the rule holds.
        (TableAuditStatus(4, ["broken"], since=2), (2, None)),
        (TableAuditStatus(4, ["broken"]), (None,)),
        # The same version, in another process.
        (TableAuditStatus(5, since=4), (4, None)),
        (TableAuditStatus(5), (None,)),
        # The table was created again.
        (TableAuditStatus(6, since=4), (None,)),
    ],
)
def test_an_audit_begins_where_the_last_one_ended(
    status: TableAuditStatus, bases: tuple[int | None, ...]
) -> None:
    assert status.list_bases(5) == bases
