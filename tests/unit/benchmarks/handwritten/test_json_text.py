"""The JSON that is read in Python: what Spark makes of values that are not texts."""

from __future__ import annotations

import pytest

from benchmarks.handwritten.json_text import is_object, join_list, read_object, to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("a\ud83d", "a?"),
        (True, "true"),
        (12, "12"),
        (1.5, "1.5"),
        (-0.0, "-0.0"),
        (1e7, "1.0E7"),
        (1.25e-9, "1.25E-9"),
        (float("inf"), '"Infinity"'),
        (["a", 1, None, {"b": "\u00e9"}], '["a",1,null,{"b":"\u00e9"}]'),
        (["a\ud83d"], '["a?"]'),
        (["\U0001f600"], '["\\uD83D\\uDE00"]'),
        (["\x1f\n", "\\u001f"], '["\\u001F\\n","\\\\u001f"]'),
    ],
)
def test_a_value_becomes_the_text_that_spark_reads(value: object, text: str | None) -> None:
    assert to_text(value) == text


MALFORMED = ["", "3", "[]", "null", "{}{}", '{"a":1', "{'a':1}", '{"a":1}]', '{"a":1,}', "[" * 5_000]


@pytest.mark.parametrize("text", MALFORMED)
def test_only_one_object_is_a_pin(text: str) -> None:
    assert read_object(text, ["a"]) is None


def test_fields_are_texts_and_others_are_left_out() -> None:
    assert read_object(' {"b": [1], "a": "x", "c": 3} ', ["a", "b", "d"]) == ["x", "[1]", None]


def test_text_after_a_list_or_an_object_does_not_count() -> None:
    assert join_list('["a", null, ["b"]]x') == 'a,["b"]'
    assert join_list('["a"') == '["a"'
    assert is_object('{"a": 1}x') and not is_object("{a")
