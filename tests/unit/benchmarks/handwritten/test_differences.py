"""Differences between two frames, value by value."""

from __future__ import annotations

import polars as pl

from benchmarks.handwritten.differences import Difference, find_differences


def _frame(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame(columns)


def test_equal_frames_in_any_order_have_no_difference() -> None:
    rows = _frame(id=[1, 2, 3], text=["a", None, ""], tags=[["x"], [], None])
    assert list(find_differences("silver", rows, rows.reverse(), key="id")) == []


def test_every_value_that_differs_is_named() -> None:
    ours = _frame(id=[1, 2, 3], text=["a", None, "c"], tags=[["x"], [], ["y"]])
    theirs = _frame(id=[1, 2, 4], text=["a", "", "c"], tags=[["x"], None, ["y"]])
    assert list(find_differences("silver", ours, theirs, key="id")) == [
        Difference("silver", 3, "row", True, False),
        Difference("silver", 4, "row", False, True),
        Difference("silver", 2, "text", None, ""),
        Difference("silver", 2, "tags", [], None),
    ]


def test_other_types_are_a_difference() -> None:
    ours, theirs = _frame(id=[1]), _frame(id=["1"])
    (difference,) = find_differences("silver", ours, theirs, key="id")
    assert difference.column == "schema"
