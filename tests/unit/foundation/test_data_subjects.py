"""Pins to erase: which bytes mention them, and which ids are rejected."""

from __future__ import annotations

import hashlib

import pytest

from foundation.data_subjects import MAX_SUBJECTS, Subjects
from foundation.errors import UsageError

PIN = "0190163d-8694-739b-aea5-966c26f8ad91"
OTHER = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"


def test_a_pin_is_known_by_its_id_in_whatever_case_and_named_by_its_hash() -> None:
    subjects = Subjects.of([f" {OTHER.upper()}\n", "", PIN, PIN])

    assert subjects.ids == (PIN, OTHER)
    assert subjects.hashes[1] == hashlib.sha256(OTHER.encode()).hexdigest()
    assert subjects.are_mentioned_in(f'{{"unique_id": "{PIN.upper()}"}}'.encode())
    assert not subjects.are_mentioned_in(PIN[:-1].encode())
    assert subjects.are_mentioned_in(PIN[:-1].encode(), prefix_only=True)
    assert not subjects.are_mentioned_in(PIN[:31].encode(), prefix_only=True)


@pytest.mark.parametrize("given", [[], ["  "], ["no uuid"], [PIN, "7528eb06"], [PIN + "0"]])
def test_what_is_no_pin_is_refused(given: list[str]) -> None:
    with pytest.raises(UsageError):
        Subjects.of(given)


def test_more_than_fit_one_search_are_refused() -> None:
    ids = [f"{PIN[:24]}{number:012x}" for number in range(MAX_SUBJECTS + 1)]

    assert len(Subjects.of(ids[1:]).ids) == MAX_SUBJECTS
    with pytest.raises(UsageError, match="101 pins"):
        Subjects.of(ids)
