"""Commit info is read back unchanged; the metadata of other writers is not mistaken for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import version
from foundation.offsets import OffsetRange
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step, Versions
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_commit_info_is_read_back_unchanged() -> None:
    begun = commit_info.begin(lane="batch", step="silver")
    info = replace(begun, offsets=(OffsetRange("t", 1, 2, 3),), versions=Versions(4, 5), read=6)

    assert commit_info.parse(info.as_json()) == info
    assert info.code == version.code_version()
    assert "@" in info.who


def test_fields_that_older_commit_info_lacks_stay_empty() -> None:
    stored = json.dumps(
        {
            "run": "r",
            "lane": "batch",
            "step": "gold",
            "began": "2026-01-31T12:00:00+00:00",
            "of_the_future": 1,
        }
    )

    info = commit_info.parse(stored)

    assert info is not None
    assert (info.run, info.code, info.who, info.net) == ("r", "", "", None)


def test_a_micro_batch_gets_its_step_when_a_write_is_made() -> None:
    batch = MicroBatch("query", 3, commit_info.begin(lane="stream"))

    silver = batch.for_step(Step.SILVER, StepMetrics(read=5, quarantined=2)).commit_info
    serving = batch.for_step(Step.SERVING).commit_info

    assert silver is not None
    assert serving is not None
    assert (silver.step, silver.read, silver.quarantined) == ("silver", 5, 2)
    assert json.loads(serving.as_json())["step"] == "serving"
    assert batch.commit_info is not None
    with pytest.raises(AssertionError, match="step"):
        batch.commit_info.as_json()


def test_stored_names_do_not_change() -> None:
    stored = json.loads(commit_info.begin(lane="batch", step=Step.GOLD).as_json())

    assert list(stored) == [
        "run", "lane", "step", "began", "query", "batch", "code", "who", "offsets", "versions", "read",
        "quarantined", "passed", "restored", "net",
    ]  # fmt: skip
    assert [str(step) for step in Step] == [
        "bronze", "silver", "gold", "serving", "lost", "replay", "fix", "drop", "rebuild", "restore", "erase",
        "expire",
    ]  # fmt: skip


@given(st.none() | st.text() | JSON.map(lambda value: json.dumps(value)))
def test_metadata_of_other_writers_is_not_commit_info(text: str | None) -> None:
    assert commit_info.parse(text) is None
