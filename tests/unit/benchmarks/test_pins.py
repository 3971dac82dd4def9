"""Benchmark pins: real records, each a distinct pin."""

from __future__ import annotations

from itertools import islice

import orjson

from benchmarks.pins import SAMPLE, fresh_pins


def test_pins_are_as_many_as_wanted_and_never_the_same() -> None:
    count = len(SAMPLE.read_bytes().splitlines()) + 100
    pins = list(fresh_pins(count))
    assert len({unique_id for unique_id, _ in pins}) == len({pin for _, pin in pins}) == count


def test_a_pin_differs_from_its_record_only_in_what_makes_it_unique() -> None:
    samples = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
    for sample, (unique_id, raw) in zip(samples, islice(fresh_pins(len(samples)), None), strict=True):
        pin = orjson.loads(raw)
        assert pin["unique_id"] == unique_id
        assert pin["title"].endswith(sample["title"]) and pin["description"].endswith(sample["description"])
        same = pin.keys() - {"index", "unique_id", "title", "description", "image_src"}
        assert {field: pin[field] for field in same} == {field: sample[field] for field in same}
        assert list(pin) == list(sample)
