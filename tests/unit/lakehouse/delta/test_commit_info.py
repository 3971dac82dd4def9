"""Commit info comes back out of a commit as it went in; what others store there is not taken for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import version as revision
from foundation.offsets import OffsetRange
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step, Versions
from lakehouse.delta.lake import MicroBatch
from lakehouse.delta.metrics import StepMetrics

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_commit_info_comes_back_as_it_was() -> None:
    begun = commit_info.begin(lane="batch", step="silver")
    told = replace(begun, offsets=(OffsetRange("t", 1, 2, 3),), versions=Versions(4, 5), read=6)

    assert commit_info.parse(told.as_json()) == told
    assert told.code == revision.code()
    assert "@" in told.who


def test_nothing_is_made_up_for_older_commit_info() -> None:
    told = json.dumps(
        {
            "run": "r",
            "lane": "batch",
            "step": "gold",
            "began": "2026-01-31T12:00:00+00:00",
            "of_the_future": 1,
        }
    )

    found = commit_info.parse(told)

    assert found is not None
    assert (found.run, found.code, found.who, found.net) == ("r", "", "", None)


def test_a_micro_batch_gets_its_step_when_a_write_is_made() -> None:
    batch = MicroBatch("query", 3, commit_info.begin(lane="stream"))

    silver = batch.for_step(Step.SILVER, StepMetrics(read=5, quarantined=2)).commit_info
    served = batch.for_step(Step.SERVING).commit_info

    assert silver is not None
    assert served is not None
    assert (silver.step, silver.read, silver.quarantined) == ("silver", 5, 2)
    assert json.loads(served.as_json())["step"] == "serving"
    assert batch.commit_info is not None
    with pytest.raises(AssertionError, match="step"):
        batch.commit_info.as_json()


def test_the_names_that_are_stored_stay() -> None:
    stored = json.loads(commit_info.begin(lane="batch", step=Step.GOLD).as_json())

    assert list(stored) == [
        "run", "lane", "step", "began", "query", "batch", "code", "who", "offsets", "versions", "read",
        "quarantined", "restored", "net",
    ]  # fmt: skip
    assert [str(step) for step in Step] == [
        "bronze", "silver", "gold", "serving", "replay", "fix", "drop", "rebuild", "restore", "erase",
    ]  # fmt: skip


@given(st.none() | st.text() | JSON.map(lambda value: json.dumps(value)))
def test_what_others_write_is_not_commit_info(text: str | None) -> None:
    assert commit_info.parse(text) is None
