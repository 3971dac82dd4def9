"""Cleaning: every spelling of every field, real pins, and arbitrary text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, Row, SparkSession

from foundation.event import PIN_FIELDS
from lakehouse.catalog.schemas import SILVER
from lakehouse.silver.cleaning import clean
from lakehouse.silver.text import TextPolicy

SAMPLES = Path(__file__).parents[4] / "sample_data" / "pins.jsonl"
few = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
BLANK = "\u00a0\u2003\t"
FAMILY = "\U0001f468\u200d\U0001f469"
# Fragments of dirty fields, and arbitrary text.
escapes = ["\\", '"', "\\n", "\\u0041", "\\ud83d", "\n", "\x00"]
marks = [*"#, .k-e10M[]{}", "...", "\u2026", "No Title Data Available"]
unseen = ["\u00a0", "\u200b", "\ufe0f", "\U0001f600", "\ue000", "é", "漢"]
dirt = st.sampled_from([*escapes, *marks, *unseen])
texts = st.one_of(st.text(max_size=40), st.lists(dirt, max_size=12).map("".join))


def _cleaned(
    spark: SparkSession, field: str, values: Sequence[str | None], *, policy: TextPolicy = "unicode"
) -> list[Row]:
    rows = [
        (number, *(value if name == field else None for name in PIN_FIELDS))
        for number, value in enumerate(values)
    ]
    return clean(_frame(spark, rows), text_policy=policy).orderBy("n").collect()


def _frame(spark: SparkSession, rows: Sequence[tuple[Any, ...]]) -> DataFrame:
    return spark.createDataFrame(rows, ", ".join(["n int", *(f"`{name}` string" for name in PIN_FIELDS)]))


def test_every_spelling_of_a_follower_count(spark: SparkSession) -> None:
    expected = {
        "998": 998, "5k": 5_000, "5K": 5_000, "1.2k": 1_200, "3M": 3_000_000, "3m": 3_000_000,
        "1,234": 1_234, "1,234,567": 1_234_567, "2B": 2_000_000_000, "221k": 221_000, "0": 0, "0.5": 1,
        "1.4": 1, "1.5": 2, "2.5": 3, "1.2345k": 1_235, " 12 k ": 12_000, ".5k": 500, "+7": 7,
        "User Info Error": None, "user info error": None, "": None, None: None, "   ": None,
    }  # fmt: skip
    rows = _cleaned(spark, "follower_count", list(expected))

    assert {text: row.follower_count for text, row in zip(expected, rows, strict=True)} == expected
    assert [row.cleaning_reasons for row in rows] == [[]] * len(expected)


def test_an_invalid_follower_count_is_null_with_a_reason(spark: SparkSession) -> None:
    expected = {
        "many": "not_a_number", "1,2": "not_a_number", "12kk": "not_a_number", "k": "not_a_number",
        "NaN": "not_a_number", "Infinity": "not_a_number", "0x10": "not_a_number",
        "1e999999999": "not_a_number",
        "-5": "out_of_range", "3B": "out_of_range", "9" * 60: "out_of_range", "999999999999B": "out_of_range",
    }  # fmt: skip
    rows = _cleaned(spark, "follower_count", list(expected))

    assert [row.follower_count for row in rows] == [None] * len(expected)
    assert [row.cleaning_reasons for row in rows] == [[f"follower_count.{why}"] for why in expected.values()]


@given(st.lists(st.integers(0, 2_147_483), min_size=1, max_size=60))
@few
def test_all_spellings_of_a_count_of_thousands_are_equal(spark: SparkSession, counts: list[int]) -> None:
    spellings = [
        (count, spelt)
        for count in counts
        for spelt in (f"{count}k", f"{count:,},000", f"{count}000", f"{count / 1000}M")
    ]

    rows = _cleaned(spark, "follower_count", [spelt for _, spelt in spellings])

    assert [row.follower_count for row in rows] == [count * 1000 for count, _ in spellings]


def test_lists_of_tags(spark: SparkSession) -> None:
    expected = {
        "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e": [],
        "No Tags Available": [],
        "T,w,o, ,w,o,r,d,s": ["Two words"],
        "Drawing,#Ink, Art ": ["Drawing", "Ink", "Art"],
        "##twice,mid#dle": ["twice", "mid#dle"],
        ",a b,, ,c d,": ["a b", "c d"],
        "ab,#": ["ab"],
        "c#, #": ["c#"],
        '["Drawing", " #Ink"]': ["Drawing", "Ink"],
        "[]": [],
        "[half": ["[half"],
        "": [],
        None: None,
    }
    rows = _cleaned(spark, "tag_list", list(expected))

    assert {text: row.tag_list for text, row in zip(expected, rows, strict=True)} == expected
    (row,) = _cleaned(spark, "tag_list", ['{"a": 1}'])
    assert (row.tag_list, row.cleaning_reasons) == (None, ["tag_list.not_a_list"])


@given(st.lists(st.text("abcdefghij XYZé漢", min_size=2, max_size=20), min_size=1, max_size=60))
@few
def test_a_list_spelled_out_is_the_text_it_was(spark: SparkSession, originals: list[str]) -> None:
    rows = _cleaned(spark, "tag_list", [",".join(text) for text in originals])

    tidied = [re.sub(" +", " ", text).strip() for text in originals]
    assert [row.tag_list for row in rows] == [[text] if text else [] for text in tidied]


@pytest.mark.parametrize(
    ("field", "placeholder"),
    [
        ("title", "No Title Data Available"),
        ("description", "No description available"),
        ("description", "No description available Story format"),
        ("description", "Untitled"),
        ("poster_name", "User Info Error"),
        ("image_src", "Image src error."),
        ("category", " "),
        ("save_location", ""),
    ],
)
def test_placeholders_are_none(spark: SparkSession, field: str, placeholder: str) -> None:
    (row,) = _cleaned(spark, field, [placeholder])

    assert (row[field], row.cleaning_reasons) == (None, [])


def test_text_keeps_only_what_a_person_typed(spark: SparkSession) -> None:
    expected = {
        f"  two{BLANK} spaces\n": "two spaces",
        f"emoji {FAMILY}\U0001f600 gone": "emoji gone",
        "zero\u200bwidth \ue000private \x07bell": "zerowidth private bell",
        "café — 漢字 Ωmega नमस्ते": "café — 漢字 Ωmega नमस्ते",
        'it\\\'s \\"quoted\\"\\nhere': 'it\'s "quoted" here',
        "cut off ...": "cut off",
        "cut off\u2026": "cut off",
        "a full stop.": "a full stop.",
        "caf\\u00e9": "café",
    }
    rows = _cleaned(spark, "description", list(expected))

    assert {text: row.description for text, row in zip(expected, rows, strict=True)} == expected


def test_the_ascii_policy_keeps_ascii_alone(spark: SparkSession) -> None:
    (row,) = _cleaned(spark, "title", ["caf\u00e9 \u6f22 bar"], policy="ascii")

    assert row.title == "caf bar"


def test_flags_indexes_and_paths(spark: SparkSession) -> None:
    assert [row.downloaded for row in _cleaned(spark, "downloaded", ["0", "1", "true", "2", "1.0"])] == [
        0,
        1,
        1,
        None,
        1,
    ]
    assert [row["index"] for row in _cleaned(spark, "index", ["12", "7.0", "7.5", "x", str(2**31)])] == [
        12,
        7,
        None,
        None,
        None,
    ]
    locations = ["Local save in /data/art", "/data/art", "local save in  /my art/x...", "Local save in"]
    cleaned = _cleaned(spark, "save_location", locations)
    assert [row.save_location for row in cleaned] == ["/data/art", "/data/art", "/my art/x...", None]


@given(st.lists(texts, min_size=1, max_size=60))
@example(["ab,#"])
@example(["\\" * 100_000, "9" * 100_000, "." * 100_000, "a," * 50_000, " " * 100_000 + "x", "[" * 5_000])
@few
def test_arbitrary_text_is_cleaned_and_cleaning_is_idempotent(spark: SparkSession, values: list[str]) -> None:
    rows = [(number, *([value] * len(PIN_FIELDS))) for number, value in enumerate(values)]

    once = clean(_frame(spark, rows), text_policy="unicode").orderBy("n").collect()
    twice = (
        clean(_frame(spark, [_as_came(row) for row in once]), text_policy="unicode").orderBy("n").collect()
    )

    fields = [name for name in PIN_FIELDS if name != "unique_id"]
    assert [[row[name] for name in fields] for row in twice] == [
        [row[name] for name in fields] for row in once
    ]


def _as_came(row: Row) -> tuple[Any, ...]:
    tags = row.tag_list
    values = {name: None if row[name] is None else str(row[name]) for name in PIN_FIELDS}
    values["tag_list"] = None if tags is None else orjson.dumps(tags).decode()
    return (row.n, *(values[name] for name in PIN_FIELDS))


def test_real_pins(spark: SparkSession) -> None:
    pins = [orjson.loads(line) for line in SAMPLES.read_bytes().splitlines()]
    rows = [
        (number, *(None if pin.get(name) is None else str(pin[name]) for name in PIN_FIELDS))
        for number, pin in enumerate(pins)
    ]

    cleaned = clean(_frame(spark, rows), text_policy="unicode")
    cleaned_rows = cleaned.orderBy("n").collect()

    types = {field.name: field.dataType for field in SILVER.fields}
    assert {name: cleaned.schema[name].dataType for name in PIN_FIELDS} == {
        name: types[name] for name in PIN_FIELDS
    }
    assert [row.cleaning_reasons for row in cleaned_rows] == [[]] * len(pins)
    for row, pin in zip(cleaned_rows, pins, strict=True):
        assert (row.follower_count is None) == (pin["follower_count"] == "User Info Error")
        assert row["index"] == pin["index"]
        assert row.downloaded == pin["downloaded"]
        if pin["tag_list"].startswith("N,o, ,T"):
            assert row.tag_list == []
        assert row.save_location.startswith("/")
        assert not {row.title, row.description, row.poster_name} & {"", "Untitled", "User Info Error"}
    assert any(row.follower_count >= 1_000_000 for row in cleaned_rows if row.follower_count)
