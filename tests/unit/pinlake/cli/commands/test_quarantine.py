"""`pinlake quarantine`: which rows are meant, what is stored with them, and what is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import Row

from foundation.errors import UsageError
from foundation.object_store import ObjectStore
from lakehouse.catalog.tables import Lane
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations import quarantine as quarantine_rows
from lakehouse.operations.quarantine import ReplayResult
from lakehouse.pipelines import batch
from pinlake.cli.commands import quarantine
from tests.unit.pinlake.cli.command_line import run
from tests.unit.pinlake.cli.conftest import Held

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROW = Row(
    id="1f0c", layer="silver", state="open", reasons=["value.missing"], topic="[red]", partition=0, offset=7,
    quarantined_at=NOON, note=None, value=bytearray('{"ü": 1}'.encode()),
)  # fmt: skip
BYTES = Row(**{**ROW.asDict(), "id": "1f0d", "value": bytearray(b"\xff")})


class Rows(list[Row]):
    """Rows of a quarantine, with as much of a DataFrame as the commands use."""

    def orderBy(self, column: str, *, ascending: bool) -> Rows:
        assert (column, ascending) == ("quarantined_at", False)
        return self

    def limit(self, count: int) -> Rows:
        return Rows(self[:count])

    def collect(self) -> list[Row]:
        return self

    def toLocalIterator(self) -> Iterator[Row]:
        return iter(self)


class State:
    """The rows of each lane, and the calls that would have changed them."""

    def __init__(self) -> None:
        self.rows = {"batch": Rows([ROW, BYTES]), "stream": Rows()}
        self.calls: list[tuple[object, ...]] = []
        self.result = ReplayResult(2, 1, {"value.missing": 1_000})
        self.probes = 0


@pytest.fixture
def state(sessions: list[str], leases: list[Held], monkeypatch: pytest.MonkeyPatch) -> State:
    stored_state = State()

    class Quarantine:
        def __init__(self, _: DeltaLake, lane: Lane) -> None:
            self._lane = lane.name

        def select(self, where: str) -> Rows:
            stored_state.calls.append((self._lane, "select", where))
            return stored_state.rows[self._lane]

        def fix(self, where: str, corrected: object, *, note: str | None) -> int:
            stored_state.calls.append((self._lane, "fix", where, corrected, note))
            return len(stored_state.rows[self._lane])

        def drop(self, where: str, *, note: str) -> int:
            stored_state.calls.append((self._lane, "drop", where, note))
            return len(stored_state.rows[self._lane])

        def replay(self, where: str, *, text_policy: str, serving: object, note: str | None) -> ReplayResult:
            stored_state.calls.append((self._lane, "replay", where, serving is not None, note))
            return stored_state.result

    def count_probe(*_: object) -> None:
        stored_state.probes += 1

    monkeypatch.setattr(quarantine_rows, "Quarantine", Quarantine)
    monkeypatch.setattr(quarantine_rows, "corrected_document", lambda text: text)
    monkeypatch.setattr(quarantine_rows, "corrected_fields", lambda pairs: pairs)
    monkeypatch.setattr(batch, "run_gold", lambda _: stored_state.calls.append(("gold",)))
    monkeypatch.setattr(ObjectStore, "require_conditional_writes", count_probe)
    return stored_state


def test_rows_of_both_lanes_are_listed(state: State) -> None:
    outcome = run("quarantine", "list", "--limit", "1")

    head, row = (line.split() for line in outcome.out.splitlines())
    assert head == [
        "id",
        "layer",
        "state",
        "reasons",
        "topic",
        "partition",
        "offset",
        "quarantined_at",
        "note",
    ]
    assert row == [
        "1f0c",
        "silver",
        "open",
        '["value.missing"]',
        "[red]",
        "0",
        "7",
        "2026-01-31",
        "12:00:00+00:00",
    ]
    assert state.calls == [("batch", "select", "true"), ("stream", "select", "true")]
    assert state.probes == 0


def test_json_has_bytes_that_are_no_text_in_base64(state: State) -> None:
    outcome = run("quarantine", "list", "--where", "true", "--lane", "batch", "--json")

    text, other = outcome.documents
    assert (text["value"], other["value_base64"]) == ('{"ü": 1}', "/w==")
    assert "value" not in other
    assert text["quarantined_at"] == "2026-01-31 12:00:00+00:00"


def test_an_empty_quarantine_has_only_the_head(state: State) -> None:
    assert len(run("quarantine", "list", "--lane", "stream").out.splitlines()) == 1
    assert run("quarantine", "list", "--lane", "stream", "--json").out == ""


def test_one_row_is_shown_with_all_its_columns(state: State) -> None:
    state.rows["batch"].pop()

    outcome = run("quarantine", "show", "1f0")

    assert state.calls[0] == ("batch", "select", "startswith(id, '1f0')")
    assert outcome.out.splitlines() == [
        "id: 1f0c", "layer: silver", "state: open", 'reasons: ["value.missing"]', "topic: [red]",
        "partition: 0", "offset: 7", "quarantined_at: 2026-01-31 12:00:00+00:00", "note: None",
        'value: {"ü": 1}',
    ]  # fmt: skip
    assert run("quarantine", "show", "1f0", "--json").documents[0]["id"] == "1f0c"


@pytest.mark.parametrize(("count", "message"), [(0, "no such row"), (2, "more than one row has this prefix")])
def test_a_prefix_names_one_row(count: int, message: str, state: State) -> None:
    state.rows["batch"] = Rows(state.rows["batch"][:count])

    outcome = run("quarantine", "show", "1f")

    assert (outcome.code, outcome.out) == (2, "")
    assert f"error: {message} (id 1f). `pinlake quarantine list` prints the ids." in outcome.err


def test_rows_are_exported_one_object_per_line(state: State, tmp_path: Path) -> None:
    to = tmp_path / "rows.jsonl"

    outcome = run("quarantine", "export", "--to", str(to))

    assert outcome.out == f"2 rows in {to}\n"
    rows = [json.loads(line) for line in to.read_text().splitlines()]
    assert [(row.get("value"), row.get("value_base64")) for row in rows] == [
        ('{"ü": 1}', None),
        (None, "/w=="),
    ]


def test_fields_are_corrected_with_sql(state: State) -> None:
    outcome = run(
        "quarantine", "fix", "--where", "true", "--set", "title = concat('a=', title)", "--set", "index=1",
        "--lane", "batch", "--note", "why",
    )  # fmt: skip

    pairs = {"title": "concat('a=', title)", "index": "1"}
    assert (outcome.out, state.calls) == ("2 rows corrected\n", [("batch", "fix", "true", pairs, "why")])
    assert state.probes == 1


def test_a_whole_pin_is_taken_from_a_file(state: State, tmp_path: Path) -> None:
    file = tmp_path / "pin.json"
    file.write_text('{"title": "ü"}\n')

    run("quarantine", "fix", "--id", "1f0c", "--json-file", str(file), "--lane", "batch")

    assert state.calls == [("batch", "fix", "startswith(id, '1f0c')", '{"title": "ü"}\n', None)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the file cannot be read: No such file or directory"),
        (b"{", "not JSON: "),
        (b"\xff", "not JSON: "),
        (b"[1]", "not a JSON object"),
    ],
    ids=["missing", "cut", "binary", "list"],
)
def test_a_file_without_a_pin_corrects_nothing(
    content: bytes | None, message: str, state: State, tmp_path: Path
) -> None:
    file = tmp_path / "pin.json"
    if content is not None:
        file.write_bytes(content)

    outcome = run("quarantine", "fix", "--id", "1f0c", "--json-file", str(file))

    assert (outcome.code, state.calls) == (2, [])
    assert outcome.err.startswith(f"error: {message}")
    assert outcome.err.endswith(f"({file}). Give one pin, as {{...}}.\n")


def test_rows_are_dropped_with_a_reason(state: State) -> None:
    outcome = run("quarantine", "drop", "--id", "1f0c", "--note", "tombstones")

    assert (outcome.code, outcome.out, state.probes) == (0, "2 rows dropped\n", 1)
    condition = "startswith(id, '1f0c')"
    assert state.calls == [(lane, "drop", condition, "tombstones") for lane in ("batch", "stream")]
    assert run("quarantine", "drop", "--id", "1f0c").code == 2


def test_only_the_stream_is_replayed_into_postgres_and_only_the_batch_lane_into_gold(
    state: State, leases: list[Held]
) -> None:
    outcome = run("quarantine", "replay", "--where", "true", "--note", "why")

    assert outcome.out.splitlines() == [
        "batch: 2 rows tried, 1 passed; still rejected: value.missing 1,000",
        "stream: 2 rows tried, 1 passed; still rejected: value.missing 1,000",
    ]
    assert state.calls == [
        ("batch", "replay", "true", False, "why"),
        ("gold",),
        ("stream", "replay", "true", True, "why"),
    ]
    assert leases == [
        Held("pinlake quarantine replay", ("silver.pins_batch", "gold.pin_features_batch"), 0.0)
    ]


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (ReplayResult(0, 0), "no open row matches; rows that were replayed or dropped do not change"),
        (ReplayResult(2_000, 2_000), "2,000 rows tried, 2,000 passed"),
    ],
    ids=["none", "all"],
)
def test_the_result_of_a_replay_is_a_sentence(
    result: ReplayResult, line: str, state: State, leases: list[Held]
) -> None:
    state.result = result

    outcome = run("quarantine", "replay", "--where", "true", "--lane", "stream")

    assert outcome.out == f"stream: {line}\n"
    assert leases == [Held("pinlake quarantine replay", (), 0.0)]


@given(st.text(max_size=12))
def test_an_id_reaches_sql_only_as_hexadecimal_digits(text: str) -> None:
    try:
        condition = quarantine._condition(text, None)
    except UsageError:
        assert not text or set(text) - set("0123456789abcdef")
    else:
        assert condition == f"startswith(id, '{text}')"
        assert set(text) <= set("0123456789abcdef")


@given(st.dictionaries(st.sampled_from(["title", "index"]), st.text("=' x1", max_size=9)))
def test_an_assignment_is_split_at_its_first_equals_sign(pairs: dict[str, Any]) -> None:
    assignments = [f" {field} = {expression}" for field, expression in pairs.items()]

    assert quarantine._pairs(assignments) == {field: text.strip() for field, text in pairs.items()}
