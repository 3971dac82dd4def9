"""Offsets that are gone: named in an error, or in an object whose name says which."""

from __future__ import annotations

import json

from foundation.offsets import Gap, lost

GAP = Gap("batch", "pinterest_batch", 1, 5, 8)


def test_the_error_names_every_range() -> None:
    told = str(lost([GAP, Gap("batch", "pinterest_batch", 0, 1, 1)]))

    assert "removed 5 offsets" in told
    assert "topic pinterest_batch, partition 1, offsets 5 to 8" in told
    assert "partition 0, offsets 1 to 1" in told
    assert "PINLAKE_KAFKA_ON_DATA_LOSS" in told


def test_the_object_is_named_by_what_is_gone() -> None:
    assert GAP.key == "gaps/batch-pinterest_batch-1-5-8.json"
    held = json.loads(GAP.as_json())
    assert {**held, "at": ""} == {
        "at": "", "lane": "batch", "topic": "pinterest_batch", "partition": 1, "first": 5, "last": 8,
    }  # fmt: skip
