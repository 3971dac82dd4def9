"""A pin is followed from its record to every commit that carried it, and to the row of today."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import UsageError
from foundation.landing_object import LandingObject
from foundation.object_store import StoredObject
from foundation.offsets import OffsetRange
from foundation.settings import S3Settings
from lakehouse.catalog.tables import BATCH, STREAM, Lane, Table
from lakehouse.delta.commit_info import CommitInfo, Step, Versions
from lakehouse.observability.pin_trace import trace
from lakehouse.observability.pin_trace.rows import PinRows
from lakehouse.observability.pin_trace.timeline import CommitLog, Entry
from lakehouse.observability.pin_trace.trace import parse_unique_id, trace_pin
from lakehouse.query.history import Commit
from lakehouse.query.table_store import TableStore

PIN = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
MIDNIGHT = datetime(2026, 1, 31, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OFFSETS = OffsetRange("pins", 0, 5, 9)
RECORD: dict[str, Any] = {
    "event_id": "event-1", "received_at": MIDNIGHT, "topic": "pins", "partition": 0, "offset": 7,
    "kafka_timestamp": MIDNIGHT, "ingested_at": MIDNIGHT + 2 * SECOND,
}  # fmt: skip
REFUSED: dict[str, Any] = {
    **RECORD, "id": "1f0c", "layer": "silver", "reasons": ["value.missing"], "state": "open", "note": None,
    "quarantined_at": MIDNIGHT + 3 * SECOND, "changed_at": MIDNIGHT + 3 * SECOND,
}  # fmt: skip


class Store(TableStore):
    """A bucket with nothing but landing objects."""

    def __init__(self, *keys: str) -> None:
        super().__init__(S3Settings())
        self._keys = keys

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        return (StoredObject(key, MIDNIGHT + SECOND) for key in self._keys if key.startswith(prefix))


def _commit(version: int, step: Step, **info: Any) -> Commit:  # noqa: ANN401 - attributes of CommitInfo
    at = MIDNIGHT + 4 * SECOND + version * SECOND
    return Commit(version, at, "MERGE", {}, CommitInfo("run", "batch", step, MIDNIGHT, **info), None)


def _logs(lane: Lane, **commits: list[Commit]) -> dict[Table, CommitLog]:
    by_name = {"bronze": lane.bronze, "silver": lane.silver, "features": lane.features}
    logs = {table: CommitLog(table.full_name, []) for table in lane.tables}
    return logs | {by_name[name]: CommitLog(by_name[name].full_name, each) for name, each in commits.items()}


BATCH_LOGS = _logs(
    BATCH,
    bronze=[_commit(1, Step.BRONZE, offsets=[OFFSETS])],
    silver=[_commit(2, Step.SILVER, versions=Versions(1, 1))],
    features=[_commit(3, Step.GOLD, versions=Versions(2, 2))],
)
NOTHING = PinRows([], [], [], [], {})
WRITTEN = PinRows([RECORD], [], [{"event_id": "event-1"}], [{"event_id": "event-2"}], BATCH_LOGS)

Tracing = Callable[..., list[Entry]]


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Tracing:
    """Trace the pin through rows that a test gives for each lane."""

    def trace_rows(
        batch: PinRows = NOTHING,
        stream: PinRows = NOTHING,
        *,
        served: dict[str, Any] | None = None,
        store: Store | None = None,
    ) -> list[Entry]:
        by_lane = {BATCH.name: batch, STREAM.name: stream}
        monkeypatch.setattr(trace, "read_pin_rows", lambda _, lane, __: by_lane[lane.name])
        return trace_pin(store or Store(), PIN, read_served_row=lambda _: served)

    return trace_rows


def _steps(entries: list[Entry]) -> list[str]:
    return [entry.what for entry in entries]


def test_a_record_of_the_batch_lane_is_followed_to_gold(traced: Tracing) -> None:
    key = LandingObject("2026-01-31", OFFSETS).key

    entries = traced(WRITTEN, store=Store(key))

    assert _steps(entries) == ["received", "in Kafka", "landed", "bronze", "silver", "gold"]
    received, kafka, landed, bronze, silver, gold = entries
    assert (received.lane, kafka.lane) == (None, "batch")
    assert kafka.details == {"topic": "pins", "partition": 0, "offset": 7, "event_id": "event-1"}
    assert landed.details["object"] == key
    assert (bronze.details["table"], bronze.details["version"]) == ("bronze.pins_batch", 1)
    assert (silver.details["version"], silver.details["now"]) == (2, "stands")
    assert (gold.details["version"], gold.details["now"]) == (3, "superseded by event-2")


@pytest.mark.parametrize(
    ("day", "first", "is_landed"),
    [("2026-01-31", 5, True), ("2026-01-30", 5, True), ("2026-01-29", 5, False), ("2026-01-31", 8, False)],
    ids=["same day", "day before", "too old", "other offsets"],
)
def test_a_landing_object_may_be_of_the_day_before(
    day: str, first: int, is_landed: bool, traced: Tracing
) -> None:
    store = Store(
        LandingObject(day, replace(OFFSETS, first=first)).key, "landing/pins/dt=2026-01-31/pins-0-x"
    )

    assert ("landed" in _steps(traced(WRITTEN, store=store))) is is_landed


def test_a_record_of_the_stream_lane_is_found_by_its_micro_batch(traced: Tracing) -> None:
    same = {"query": "query", "batch": 4}
    logs = _logs(
        STREAM,
        bronze=[_commit(1, Step.BRONZE, offsets=[OFFSETS], **same)],
        silver=[_commit(2, Step.SILVER, offsets=[OFFSETS], **same)],
        features=[_commit(3, Step.GOLD, query="query", batch=3), _commit(4, Step.GOLD, **same)],
    )
    served = {"loaded_at": MIDNIGHT + timedelta(minutes=1), "load": 7}

    entries = traced(stream=PinRows([RECORD], [], [], [], logs), served=served)

    assert _steps(entries) == ["received", "in Kafka", "bronze", "silver", "gold", "Postgres"]
    assert (entries[4].details["version"], entries[4].details["now"]) == (4, "no longer there")
    assert (entries[5].lane, entries[5].details) == ("stream", served)


def test_every_event_of_the_stream_lane_has_its_row_and_the_newest_stands(traced: Tracing) -> None:
    records = [RECORD | {"event_id": f"event-{offset}", "offset": offset} for offset in (6, 7)]
    rows = [{"event_id": record["event_id"]} for record in reversed(records)]
    logs = _logs(STREAM, silver=[_commit(2, Step.SILVER, offsets=[OFFSETS])])

    entries = traced(stream=PinRows(records, [], rows, rows, logs))

    silver = [entry.details for entry in entries if entry.what == "silver"]
    assert [(each["event_id"], each["now"]) for each in silver] == [
        ("event-6", "superseded by event-7"),
        ("event-7", "stands"),
    ]


def test_both_lanes_share_one_event_at_the_api(traced: Tracing) -> None:
    stream = PinRows([RECORD], [], [], [], _logs(STREAM))

    assert _steps(traced(WRITTEN, stream)).count("received") == 1


def test_a_landing_line_without_coordinates_was_never_in_kafka(traced: Tracing) -> None:
    record = RECORD | {"topic": None, "partition": None, "offset": None}

    entries = traced(PinRows([record], [], [], [], BATCH_LOGS))

    assert _steps(entries) == ["received", "bronze"]
    assert entries[1].details["version"] is None


def test_a_refused_record_does_not_reach_silver(traced: Tracing) -> None:
    entries = traced(replace(WRITTEN, refused=[REFUSED]))

    assert _steps(entries) == ["received", "in Kafka", "bronze", "refused"]
    assert entries[3].details == {
        "id": "1f0c", "layer": "silver", "reasons": ["value.missing"], "event_id": "event-1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "steps"),
    [("open", ["corrected"]), ("dropped", ["dropped"]), ("replayed", ["replayed", "silver", "gold"])],
)
def test_what_became_of_a_refused_record_follows(state: str, steps: list[str], traced: Tracing) -> None:
    changed = REFUSED | {"state": state, "note": "why", "changed_at": MIDNIGHT + timedelta(minutes=1)}
    logs = BATCH_LOGS | _logs(
        BATCH,
        silver=[_commit(9, Step.REPLAY)],
        features=[_commit(10, Step.GOLD, versions=Versions(9, 9))],
    )
    rows = PinRows([], [changed], [{"event_id": "event-1"}], [], logs)

    entries = traced(rows)

    assert sorted(_steps(entries)) == sorted(["refused", *steps])
    assert [entry.details["note"] for entry in entries if entry.what == steps[0]] == ["why"]
    assert [entry.details["version"] for entry in entries if entry.what == "silver"] == [9] * (len(steps) > 1)


def test_a_restore_of_a_table_is_part_of_the_story(traced: Tracing) -> None:
    logs = BATCH_LOGS | _logs(BATCH, silver=[_commit(5, Step.RESTORE, restored=2)])

    entries = traced(PinRows([], [REFUSED], [], [], logs))

    assert _steps(entries) == ["refused", "restored"]
    assert (entries[1].details["version"], entries[1].details["restored"]) == (5, 2)
    assert _steps(traced(NOTHING, served={"loaded_at": MIDNIGHT})) == ["Postgres"]


def test_a_pin_without_any_record_is_an_error(traced: Tracing) -> None:
    with pytest.raises(
        UsageError, match=rf"^no record of pin {PIN} \(s3://pinlake/warehouse\)\. `pinlake sql"
    ):
        traced()


@given(st.uuids(), st.sampled_from([str.lower, str.upper]), st.sampled_from(["{}", " {}\n", "{{{}}}"]))
def test_an_id_is_spelled_as_the_tables_spell_it(
    unique_id: uuid.UUID, spell: Callable[[str], str], form: str
) -> None:
    assert parse_unique_id(form.format(spell(str(unique_id)))) == str(unique_id)


@given(st.text(max_size=40))
def test_any_text_is_a_pin_or_a_usage_error(text: str) -> None:
    try:
        parsed = parse_unique_id(text)
    except UsageError as error:
        assert error.where == "unique_id"
    else:
        # It is quoted into SQL as it is.
        assert set(parsed) <= set("0123456789abcdef-")
