"""Fields that change their type or disappear: the stream goes on, and drift and status report them."""

from __future__ import annotations

from foundation.settings import Settings
from tests import events, warm_commands

PIN = "0190163d-8694-739b-aea5-{:012x}"


def test_the_stream_goes_on_while_fields_drift(own: Settings) -> None:
    pins = [{**_full_pin(number), "board": "a new field"} for number in range(10)]
    pins += [{**_full_pin(number), "downloaded": "yes", "title": {"en": "?"}} for number in range(10, 20)]
    pins += [{"unique_id": PIN.format(number), "category": "art"} for number in range(20, 24)]
    events.send(own.kafka, pins, topics=[own.kafka.stream_topic])

    stream, drift, status, unknown = warm_commands.in_turn(
        ["stream", "--once", "--json"],
        ["drift", "--lane", "stream", "--json"],
        ["status", "--json"],
        ["drift", "--lane", "no lane"],
        settings=own,
    )

    assert (stream.code, drift.code, status.code, unknown.code) == (0, 1, 1, 2)
    assert stream.rows[0]["written"] == len(pins)
    report = drift.rows[0]
    assert report["records"] == len(pins)
    fields = report["fields"]
    assert [(field["name"], field["types"]) for field in fields["new"]] == [("board", {"string": 10})]
    assert {field["name"] for field in fields["changed"]} == {"downloaded", "title"}
    assert fields["lost"] == ["index"]
    assert status.rows[0]["drift"] == [report]


def _full_pin(number: int) -> dict[str, object]:
    return events.pin(
        PIN.format(number),
        10,
        title="t",
        description="d",
        tag_list="a,b",
        is_image_or_video="image",
        image_src="https://example.org/a.png",
        downloaded=1,
        save_location="/data",
    )
