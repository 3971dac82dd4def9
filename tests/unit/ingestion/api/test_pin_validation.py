"""Validation: any bytes give a pin or a problem; a bad line does not affect others."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.api.pin_validation import Pin, read_pin, read_pins
from ingestion.api.problem import Problem

LIMIT = 4096
ID = "55abcd28-bda1-4453-bbcd-1427fb3aa49b"
GOOD = b'{"unique_id":"%s"}' % ID.encode()

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text()
documents = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def _problem(result: Pin | Problem) -> Problem:
    assert isinstance(result, Problem)
    return result


def _lines(result: Iterator[tuple[int, Pin | Problem]] | Problem) -> list[tuple[int, int]]:
    assert not isinstance(result, Problem)
    return [(number, pin.status if isinstance(pin, Problem) else 201) for number, pin in result]


@given(st.binary(max_size=300) | documents.map(orjson.dumps))
def test_no_bytes_raise(raw: bytes) -> None:
    assert isinstance(read_pin(raw, limit=LIMIT), Pin | Problem)
    for lines in (True, False):
        result = read_pins(raw, limit=LIMIT, lines=lines)
        if not isinstance(result, Problem):
            assert all(isinstance(pin, Pin | Problem) for _, pin in result)


@given(st.dictionaries(st.text(), documents, max_size=5))
def test_an_accepted_pin_says_what_the_client_said(extra: dict[str, object]) -> None:
    document = {**extra, "unique_id": ID}
    pin = read_pin(orjson.dumps(document), limit=1 << 20)
    assert isinstance(pin, Pin)
    assert pin.unique_id == ID
    assert orjson.loads(pin.value) == document


def test_escapes_become_the_characters_themselves() -> None:
    pin = read_pin(b'{"unique_id":"%s","title":"caf\\u00e9 \\ud83d\\ude00"}' % ID.encode(), limit=LIMIT)
    assert isinstance(pin, Pin)
    assert "café 😀".encode() in pin.value


def test_the_key_is_lower_case_and_the_value_as_the_client_spelled_it() -> None:
    pin = read_pin(GOOD.upper().replace(b"UNIQUE_ID", b"unique_id"), limit=LIMIT)
    assert isinstance(pin, Pin)
    assert pin.unique_id == ID
    assert ID.upper().encode() in pin.value


@pytest.mark.parametrize(
    ("raw", "status", "field"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b"[]", 400, None),
        (b'"text"', 400, None),
        (b"\xff\xfe", 400, None),
        (b'{"unique_id":"\\ud800"}', 400, None),
        (b'{"unique_id":NaN}', 400, None),
        (b'{"unique_id":"%s","x":%s}' % (ID.encode(), b"[" * 300 + b"]" * 300), 400, None),
        (b"[" * 2000, 400, None),
        (b"{}", 422, "unique_id"),
        (b'{"unique_id":null}', 422, "unique_id"),
        (b'{"unique_id":7}', 422, "unique_id"),
        (b'{"unique_id":"55abcd28bda14453bbcd1427fb3aa49b"}', 422, "unique_id"),
        (b'{"unique_id":"{55abcd28-bda1-4453-bbcd-1427fb3aa49b}"}', 422, "unique_id"),
        (GOOD[:-1] + b',"x":"' + b"y" * LIMIT + b'"}', 413, None),
    ],
)
def test_a_bad_pin_is_refused_by_name(raw: bytes, status: int, field: str | None) -> None:
    problem = _problem(read_pin(raw, limit=LIMIT))
    assert (problem.status, problem.field) == (status, field)


def test_a_bad_line_spoils_no_other_and_blank_lines_keep_their_numbers() -> None:
    body = b"\n".join([GOOD, b"", b"nonsense", b"  ", b"[1]", b"\xff", GOOD + b"\r", b""])
    assert _lines(read_pins(body, limit=LIMIT, lines=True)) == [
        (1, 201),
        (3, 400),
        (5, 400),
        (6, 400),
        (7, 201),
    ]


def test_elements_of_an_array_are_judged_one_by_one() -> None:
    body = b" [%s, 3, {}, %s]" % (GOOD, GOOD)
    assert _lines(read_pins(body, limit=LIMIT, lines=False)) == [(1, 201), (2, 400), (3, 422), (4, 201)]


def test_a_broken_array_is_refused_as_a_whole() -> None:
    result = read_pins(b"[%s, " % GOOD, limit=LIMIT, lines=False)
    assert isinstance(result, Problem)
    assert result.status == 400
