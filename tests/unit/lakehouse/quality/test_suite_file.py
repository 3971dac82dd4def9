"""The file of a suite, read without Great Expectations: the same fingerprint as the suite's."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundation.errors import TerminalError
from lakehouse.catalog.tables import BATCH, PUBLISHED, Table
from lakehouse.quality import suites
from lakehouse.quality.suite_file import read_suite_file, suite_error


@pytest.mark.parametrize("table", PUBLISHED, ids=lambda table: table.suite)
def test_the_fingerprint_is_that_of_the_suite(table: Table) -> None:
    assert read_suite_file(table).fingerprint == suites.load_suite(table).fingerprint


def test_a_file_that_is_missing_is_reported_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"cannot be read: No such file.*silver_pins\.json"):
        read_suite_file(BATCH.silver, folder=tmp_path)


def test_an_error_names_the_rule_if_there_is_one() -> None:
    assert suite_error(Path("a.json"), "", "is empty").where == "a.json"
    assert suite_error(Path("a.json"), "a.rule", "is empty").where == "a.json, rule a.rule"
