"""Lists of tags, function by function: both forms, spelled-out text and the placeholder of no tags."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.silver.tags import is_object, join, join_spelled_out, split

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


def test_both_forms_of_a_list_are_joined(spark: SparkSession) -> None:
    raw = F.col("raw")
    frame = spark.createDataFrame(list(enumerate(RAW)), "n int, raw string")

    rows = frame.select(
        "n", is_object(raw).alias("o"), join(raw).alias("j"), join_spelled_out(raw).alias("s")
    ).orderBy("n")

    assert {text: (row.o, row.j, row.s) for text, row in zip(RAW, rows.collect(), strict=True)} == RAW


def test_text_is_split_into_tags_in_order(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(TAGS)), "n int, text string")

    rows = frame.select("n", split(F.col("text"), "No Tags Available").alias("tags")).orderBy("n").collect()

    assert dict(zip(TAGS, (row.tags for row in rows), strict=True)) == TAGS
