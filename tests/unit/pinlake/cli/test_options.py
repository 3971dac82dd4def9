"""The options that several commands share."""

from __future__ import annotations

import pytest

from foundation.errors import UsageError
from lakehouse.catalog.tables import BATCH, STREAM, Lane
from pinlake.cli.options import require_yes, select_lanes


@pytest.mark.parametrize(
    ("name", "lanes"), [(None, [BATCH, STREAM]), ("batch", [BATCH]), ("stream", [STREAM])]
)
def test_without_a_name_both_lanes_are_selected(name: str | None, lanes: list[Lane]) -> None:
    assert select_lanes(name) == lanes


@pytest.mark.parametrize("name", ["", "Batch", "both"])
def test_an_unknown_lane_is_an_error_that_names_the_lanes(name: str) -> None:
    with pytest.raises(UsageError, match=rf"no lane {name} \(--lane\)\. Choose batch or stream\."):
        select_lanes(name)


@pytest.mark.parametrize(("yes", "as_json"), [(True, True), (True, False), (False, False)])
def test_a_question_is_allowed_without_json(yes: bool, as_json: bool) -> None:
    require_yes(yes, as_json=as_json, where="restore")


def test_json_needs_the_answer_in_advance() -> None:
    with pytest.raises(UsageError, match=r"--json asks no question \(restore\)\. Give --yes too\."):
        require_yes(False, as_json=True, where="restore")
