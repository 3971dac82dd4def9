"""Suites: the shipped ones are valid, and an invalid one is reported with file, rule and reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from foundation.errors import TerminalError
from lakehouse.catalog.tables import BATCH, PUBLISHED, STREAM, TABLES
from lakehouse.quality import suites
from lakehouse.quality.suite_file import FOLDER

GOOD: dict[str, Any] = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "title"},
    "severity": "warning",
    "meta": {"id": "t.title", "sentence": "A pin has a title."},
}


def test_shipped_suites_are_valid_and_belong_to_a_table() -> None:
    tables = [table for table in TABLES if table.suite]

    loaded = [suites.load_suite(table) for table in tables]

    assert {suite.name for suite in loaded} == {path.stem for path in FOLDER.glob("*.json")}
    assert all(suite.rules for suite in loaded)


def test_a_suite_has_the_rules_of_its_lane_and_of_both(tmp_path: Path) -> None:
    for_batch, for_stream = (
        GOOD | {"meta": {"id": f"t.{lane}", "sentence": "s", "lane": lane}} for lane in ("batch", "stream")
    )
    _write(tmp_path, [for_stream, GOOD, for_batch])

    loaded = {
        lane.name: [rule.id for rule in suites.load_suite(lane.silver, folder=tmp_path).rules]
        for lane in (BATCH, STREAM)
    }

    assert loaded == {"batch": ["t.title", "t.batch"], "stream": ["t.stream", "t.title"]}
    every = suites.load_file(BATCH.silver, folder=tmp_path)
    assert [(rule.id, rule.lane) for rule in every.rules] == [
        ("t.stream", "stream"),
        ("t.title", None),
        ("t.batch", "batch"),
    ]
    assert every.fingerprint == suites.load_suite(STREAM.silver, folder=tmp_path).fingerprint


def test_a_pin_is_unique_in_the_batch_lane_and_an_event_in_the_stream_lane() -> None:
    for lane in (BATCH, STREAM):
        for table in (lane.silver, lane.features):
            rules = suites.load_suite(table).rules
            assert [rule.columns for rule in rules if rule.id.endswith(".unique")] == [table.key]


def test_a_rule_that_tolerates_some_rows_is_a_table_rule(tmp_path: Path) -> None:
    mostly = GOOD | {"kwargs": {"column": "title", "mostly": 0.9}}
    unique = _with(type="expect_column_values_to_be_unique", id="t.unique")
    _write(tmp_path, [mostly, unique, _with(id="t.row")])

    suite = suites.load_suite(BATCH.silver, folder=tmp_path)

    assert [rule.kind for rule in suite.rules] == ["table", "table", "row"]


def test_the_fingerprint_depends_on_the_rules_and_not_on_the_layout(tmp_path: Path) -> None:
    _write(tmp_path, [GOOD])
    first = suites.load_suite(BATCH.silver, folder=tmp_path).fingerprint
    (tmp_path / "silver_pins.json").write_text(json.dumps({"expectations": [GOOD]}, indent=8))
    assert suites.load_suite(BATCH.silver, folder=tmp_path).fingerprint == first

    _write(tmp_path, [GOOD | {"severity": "info"}])
    assert suites.load_suite(BATCH.silver, folder=tmp_path).fingerprint != first


def _with(*, id: str = "t.title", sentence: str = "s", **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return GOOD | changed | {"meta": {"id": id, "sentence": sentence}}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([GOOD, GOOD], "another rule has this id"),
        ([_with(kwargs={"column": "nothing"})], "no column nothing"),
        ([_with(kwargs={"column": "age_hours"})], "no column age_hours"),
        ([_with(type="expect_miracles")], "expect_miracles"),
        ([_with(type="expect_column_values_to_be_json_parseable")], "Python for every row"),
        ([_with(severity="grave")], "critical, warning, info"),
        ([GOOD | {"meta": {"id": "t.title", "sentence": "s", "lane": "both"}}], "batch, stream"),
        ([_with(kwargs={"column": "title", "mostly": 3})], "mostly"),
        ([_with(kwargs=[])], "kwargs"),
        ([_with(sentence="")], "sentence"),
        ([GOOD | {"meta": {}}], "number 1"),
        (["rule"], "number 1"),
    ],
)
def test_an_invalid_rule_is_reported_with_its_file_and_id(
    tmp_path: Path, entries: list[Any], expected: str
) -> None:
    path = _write(tmp_path, entries)

    with pytest.raises(TerminalError) as raised:
        suites.load_suite(BATCH.silver, folder=tmp_path)

    message = str(raised.value)
    assert expected in message
    assert str(path) in message
    assert "\n" not in message
    if isinstance(entries[0], Mapping) and entries[0]["meta"]:
        assert entries[0]["meta"]["id"] in message


def test_all_errors_of_a_folder_are_reported_at_once(tmp_path: Path) -> None:
    _write(tmp_path, [GOOD, _with(severity="grave"), GOOD, _with(id="t.other", kwargs={"column": "nothing"})])
    (tmp_path / "silver_pin.json").write_text("{}")

    errors = suites.find_errors(BATCH.silver, folder=tmp_path)
    errors += suites.find_unknown_suites(PUBLISHED, folder=tmp_path)

    assert [str(error).split(" (")[0] for error in errors] == [
        "severity must be one of critical, warning, info",
        "another rule has this id",
        "there is no column nothing",
        "no table has this suite; there are: bronze_pins, silver_pins, gold_pin_features",
    ]
    assert len(suites.find_errors(BATCH.features, folder=tmp_path)) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"expectations": 1}'])
def test_a_file_that_is_not_a_suite_is_reported_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "silver_pins.json"
    path.write_text(text)

    with pytest.raises(TerminalError, match=r"silver_pins\.json"):
        suites.load_suite(BATCH.silver, folder=tmp_path)


def _write(folder: Path, entries: list[Any]) -> Path:
    path = folder / "silver_pins.json"
    path.write_text(json.dumps({"expectations": entries}))
    return path
