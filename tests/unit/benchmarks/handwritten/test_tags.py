"""Lists of tags in Polars, case by case as the tests of Pinlake's cleaning have it."""

from __future__ import annotations

import polars as pl

from benchmarks.handwritten.tags import find_objects, join, join_spelled_out, split
from tests.cleaning_cases import RAW, TAGS


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
