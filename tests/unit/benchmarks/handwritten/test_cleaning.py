"""Cleaning of a pin's fields in Polars: the rules of cleaning, and the sample pins."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import polars as pl

from benchmarks.handwritten.cleaning import clean
from benchmarks.pins import SAMPLE
from foundation.event import PIN_FIELDS


def _clean(field: str, values: Sequence[str | None]) -> pl.DataFrame:
    columns = {name: pl.Series([None] * len(values), dtype=pl.String) for name in PIN_FIELDS}
    columns[field] = pl.Series(values, dtype=pl.String)
    return clean(pl.DataFrame(columns), text_policy="unicode")


def test_follower_counts_and_their_reasons() -> None:
    expected = {
        "998": (998, []),
        "5k": (5_000, []),
        "1.2k": (1_200, []),
        "3M": (3_000_000, []),
        "1,234": (1_234, []),
        "221k": (221_000, []),
        " 12 k ": (12_000, []),
        "2B": (2_000_000_000, []),
        "user info error": (None, []),
        "": (None, []),
        None: (None, []),
        "many": (None, ["follower_count.not_a_number"]),
        "-5": (None, ["follower_count.out_of_range"]),
        "3B": (None, ["follower_count.out_of_range"]),
    }
    rows = _clean("follower_count", list(expected)).select("follower_count", "cleaning_reasons")
    assert dict(zip(expected, rows.iter_rows(), strict=True)) == expected


def test_lists_of_tags() -> None:
    expected = {
        "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e": [],
        "T,w,o, ,w,o,r,d,s": ["Two words"],
        "Drawing,#Ink, Art ": ["Drawing", "Ink", "Art"],
        '["Drawing", " #Ink"]': ["Drawing", "Ink"],
        "[]": [],
        "": [],
        None: None,
        '{"a": 1}': None,
    }
    rows = _clean("tag_list", list(expected))
    assert dict(zip(expected, rows["tag_list"].to_list(), strict=True)) == expected
    assert rows["cleaning_reasons"].to_list() == [[]] * (len(expected) - 1) + [["tag_list.not_a_list"]]


def test_placeholders_are_null() -> None:
    placeholders = {
        "title": "No Title Data Available",
        "description": "No description available Story format",
        "poster_name": "User Info Error",
        "image_src": "Image src error.",
        "category": " ",
        "save_location": "Local save in",
    }
    for field, text in placeholders.items():
        assert _clean(field, [text, "UNTITLED"])[field].to_list()[0] is None
    assert _clean("description", ["UNTITLED"])["description"].to_list() == [None]


def test_a_path_or_an_address_is_not_rewritten() -> None:
    paths = ["Local save in /data/art", " /data/art\n", "local save in  /my art/x...", "Local save in\u2028"]
    assert _clean("save_location", paths)["save_location"].to_list() == [
        "/data/art",
        "/data/art",
        "/my art/x...",
        "\u2028",
    ]
    assert _clean("image_src", [" https://a/b  c\u00a0"])["image_src"].to_list() == ["https://a/b  c"]


def test_flags_and_indexes() -> None:
    assert _clean("downloaded", ["0", "true", "2"])["downloaded"].to_list() == [0, 1, None]
    rows = _clean("index", ["12", "7.0", "7.5", str(2**31)])
    assert rows["index"].to_list() == [12, 7, None, None]
    assert rows["cleaning_reasons"].to_list() == [[], [], ["index.not_an_integer"], ["index.out_of_range"]]


def test_sample_pins_are_cleaned_without_a_reason() -> None:
    pins = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
    texts = [[None if pin.get(name) is None else str(pin[name]) for name in PIN_FIELDS] for pin in pins]
    raw = pl.DataFrame(texts, schema=dict.fromkeys(PIN_FIELDS, pl.String), orient="row")
    rows = clean(raw, text_policy="unicode")
    assert rows["cleaning_reasons"].list.len().sum() == 0
    assert rows["index"].to_list() == [pin["index"] for pin in pins]
    assert rows["save_location"].str.starts_with("/").all()
    unknown = [pin["follower_count"] == "User Info Error" for pin in pins]
    assert rows["follower_count"].is_null().to_list() == unknown
