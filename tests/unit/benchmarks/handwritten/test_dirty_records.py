"""The records that the pipelines are compared on."""

from __future__ import annotations

from random import Random

from benchmarks.handwritten.dirty_records import NOW, generate
from benchmarks.handwritten.pipeline import Rules
from benchmarks.handwritten.transform import check_records
from benchmarks.pins import SAMPLE


def test_all_sample_pins_come_first_and_are_valid() -> None:
    samples = SAMPLE.read_bytes().splitlines()
    rows = generate(100, random=Random(1))
    assert rows["value"].to_list()[: len(samples)] == samples
    assert len(rows) == len(samples) + 100
    checked = check_records(rows[: len(samples)], Rules.load().silver, at=NOW)
    assert checked["reasons"].list.len().sum() == 0


def test_a_seed_always_gives_the_same_records() -> None:
    assert generate(50, random=Random(3)).equals(generate(50, random=Random(3)))
    assert not generate(50, random=Random(3)).equals(generate(50, random=Random(4)))
