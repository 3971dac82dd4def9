"""Lists of tags in Polars, case by case as the tests of Pinlake's cleaning have it."""

from __future__ import annotations

import polars as pl

from benchmarks.handwritten.tags import find_objects, join, join_spelled_out, split

# Text: whether it is an object, its comma-joined form, and what it is if it was spelled out.
RAW = {
    '["a", "b c"]': (False, "a,b c", '["a", "b c"]'),
    "[]": (False, "", "[]"),
    '["a", null]': (False, "a", '["a", null]'),
    "[half": (False, "[half", "[half"),
    "a,b c": (False, "a,b c", "a,b c"),
    "a,b,c": (False, "a,b,c", "abc"),
    "T,w,o, ,t,a,g,s": (False, "T,w,o, ,t,a,g,s", "Two tags"),
    "a,,,b": (False, "a,,,b", "a,b"),
    "a": (False, "a", "a"),
    "": (False, "", ""),
    "\u6f22,\U0001f600": (False, "\u6f22,\U0001f600", "\u6f22\U0001f600"),
    "a,": (False, "a,", "a,"),
    "a,b,cd": (False, "a,b,cd", "a,b,cd"),
    '{"a": 1}': (True, '{"a": 1}', '{"a": 1}'),
    "{half": (False, "{half", "{half"),
}
TAGS = {
    "a,b c": ["a", "b c"],
    " #a, ##b ,c#d": ["a", "b", "c#d"],
    ",a b,, ,c, ": ["a b", "c"],
    "ab,#": ["ab"],
    "abc,#": ["abc"],
    "a,#": ["a"],
    "c#, #": ["c#"],
    "": [],
    " ,#": [],
    "No Tags Available": [],
    "no tags available": [],
    "No Tags": ["No Tags"],
    "a": ["a"],
    "a,b": ["ab"],
    "a,bc": ["a", "bc"],
    "\u6f22,\u5b57": ["\u6f22\u5b57"],
    None: None,
}


def test_both_forms_of_a_list_are_joined() -> None:
    raw = pl.col("raw")
    columns = (find_objects(raw).alias("o"), join(raw).alias("j"), join_spelled_out(raw).alias("s"))
    rows = pl.DataFrame({"raw": list(RAW)}).select(*columns)
    assert dict(zip(RAW, rows.iter_rows(), strict=True)) == RAW


def test_text_is_split_into_tags_in_order() -> None:
    frame = pl.DataFrame({"text": pl.Series(list(TAGS), dtype=pl.String)})
    tags = frame.select(split(pl.col("text"), "No Tags Available")).to_series()
    assert dict(zip(TAGS, tags.to_list(), strict=True)) == TAGS


def test_no_text_at_all_is_split_into_no_tags() -> None:
    frame = pl.DataFrame({"text": pl.Series([], dtype=pl.String)})
    assert frame.select(split(pl.col("text"), "none")).to_series().dtype == pl.List(pl.String)
