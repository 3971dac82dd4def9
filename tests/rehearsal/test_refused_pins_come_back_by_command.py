"""Pins that the stream's gate refused: commands correct and replay them until Postgres serves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from foundation.clients import s3_client
from foundation.settings import Settings
from tests import events, warm_commands
from tests.served import served

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
SLOW = 120.0


def test_refused_pins_are_listed_corrected_replayed_and_reported(own: Settings, tmp_path: Path) -> None:
    ids = _send(own, [(PINS[0], "10"), (PINS[1], "1900M"), (PINS[2], "1.9B"), ("no uuid", "5")])
    exported = tmp_path / "refused.jsonl"
    stream, listing, export = warm_commands.in_turn(
        ["stream", "--once", "--json"],
        ["quarantine", "list", "--json", "--lane", "stream"],
        ["quarantine", "export", "--to", str(exported), "--where", "unique_id = 'no uuid'"],
        settings=own,
    )

    assert stream.code == 0, stream.errors
    assert stream.rows[0]["quarantined"] == 3
    assert served(own) == {PINS[0]: (ids[0], 10)}
    rows = {row["event_id"]: row for row in listing.rows}
    assert {event_id: row["reasons"] for event_id, row in rows.items()} == {
        ids[1]: ["silver.follower_count.plausible"],
        ids[2]: ["silver.follower_count.plausible"],
        ids[3]: ["unique_id.not_a_uuid"],
    }
    assert orjson.loads(rows[ids[1]]["value"])["follower_count"] == "1900M"
    assert export.out == f"1 rows in {exported}\n"
    (exported_row,) = map(orjson.loads, exported.read_bytes().splitlines())
    assert exported_row["id"] == rows[ids[3]]["id"]

    # A newer event of the third pin has arrived since: the replay must not replace it.
    newest = _send(own, [(PINS[2], "33")])
    corrected = tmp_path / "pin.json"
    corrected.write_bytes(orjson.dumps(events.pin(PINS[1], "1.9M")))
    selection, row_id = ("--where", "unique_id <> 'no uuid'", "--lane", "stream"), rows[ids[1]]["id"]
    folder_url = f"s3://{own.s3.bucket}/reports"
    second_stream, fix_of_one, fix_of_all, replayed, detail, dropped, report, unknown = warm_commands.in_turn(
        ["stream", "--once", "--json"],
        ["quarantine", "fix", "--id", row_id, "--json-file", str(corrected)],
        ["quarantine", "fix", *selection, "--set", "follower_count = '1.9M'", "--note", "too many"],
        ["quarantine", "replay", *selection],
        ["quarantine", "show", row_id[:12], "--json"],
        ["quarantine", "drop", "--where", "unique_id = 'no uuid'", "--note", "no pin"],
        ["quality", "report", "--to", folder_url, "--json"],
        ["quarantine", "show", "0000"],
        settings=own,
    )

    assert second_stream.rows[0]["written"] == 1
    assert (fix_of_one.out, fix_of_all.out) == ("1 rows corrected\n", "2 rows corrected\n")
    assert replayed.out == "stream: 2 rows tried, 2 passed\n"
    assert served(own) == {PINS[0]: (ids[0], 10), PINS[1]: (ids[1], 1_900_000), PINS[2]: (newest[0], 33)}
    assert (detail.rows[0]["state"], detail.rows[0]["note"]) == ("replayed", "too many")
    assert dropped.out == "1 rows dropped\n"
    assert (unknown.code, unknown.out) == (2, "")
    assert "no such row" in unknown.errors
    _assert_reported(report.rows[0], own, folder_url)


def _assert_reported(report: dict[str, Any], own: Settings, folder_url: str) -> None:
    body = s3_client(own.s3).get_object(Bucket=own.s3.bucket, Key="reports/index.html")["Body"].read()
    assert report["page"] == f"{folder_url}/index.html"
    assert "gold.pin_features_stream" in body.decode()
    assert {verdict["rule"] for verdict in report["verdicts"]} >= {
        "silver.event.unique",
        "silver.follower_count.plausible",
    }
    states = {row["rule"]: (row["open"], row["replayed"], row["dropped"]) for row in report["reasons"]}
    assert states == {"silver.follower_count.plausible": (0, 2, 0), "unique_id.not_a_uuid": (0, 0, 1)}


def _send(own: Settings, pins: list[tuple[str, str]]) -> list[str]:
    return events.send(own.kafka, [events.pin(*pin) for pin in pins], topics=[own.kafka.stream_topic])
