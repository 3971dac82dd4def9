"""Lost offsets: an error names them, or the key of an object."""

from __future__ import annotations

import json

from foundation.offsets import LostOffsets, OffsetRange, advance, data_loss_error, starting_position

LOST = LostOffsets("batch", OffsetRange("pinterest_batch", 1, 5, 8))


def test_the_error_names_every_range() -> None:
    message = str(data_loss_error([LOST, LostOffsets("batch", OffsetRange("pinterest_batch", 0, 1, 1))]))

    assert "removed 5 offsets" in message
    assert "topic pinterest_batch, partition 1, offsets 5 to 8" in message
    assert "partition 0, offsets 1 to 1" in message
    assert "PINLAKE_KAFKA_ON_DATA_LOSS" in message


def test_the_object_is_named_by_what_is_gone() -> None:
    assert LOST.key == "gaps/batch-pinterest_batch-1-5-8.json"
    document = json.loads(LOST.as_json())
    assert {**document, "at": ""} == {
        "at": "", "lane": "batch", "topic": "pinterest_batch", "partition": 1, "first": 5, "last": 8,
    }  # fmt: skip


def test_both_ends_belong_to_a_range() -> None:
    assert LOST.offsets.count == 4
    assert [offset for offset in range(12) if offset in LOST.offsets] == [5, 6, 7, 8]


def test_a_position_moves_behind_what_was_read_and_never_back() -> None:
    position = {"t": {"0": 5, "1": 7}}

    advanced = advance(
        position, [OffsetRange("t", 0, 5, 8), OffsetRange("t", 1, 0, 3), OffsetRange("u", 2, 0, 0)]
    )

    assert advanced == {"t": {"0": 9, "1": 7}, "u": {"2": 1}}
    assert position == {"t": {"0": 5, "1": 7}}


def test_every_partition_of_the_topic_has_a_start_and_no_other() -> None:
    position = {"t": {"0": 5, "1": 7, "gone": 3}, "another": {"0": 1}}
    earliest = {"t": {"0": 2, "1": 9, "new": 4}}

    assert starting_position(position, earliest) == {"t": {"0": 5, "1": 9, "new": 4}}
