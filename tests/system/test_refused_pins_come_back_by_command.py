"""What the stream's gate refused, corrected and replayed by command, until Postgres serves it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer

from ingestion.clients import s3_client
from pinlake.event import EVENT_ID_HEADER, new_event_id
from pinlake.settings import Settings
from tests import commands
from tests.served import served

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
SLOW = 120.0


@pytest.mark.timeout(600)
def test_a_refused_pin_is_listed_corrected_replayed_and_reported(own: Settings, tmp_path: Path) -> None:
    ids = _send(own, [(PINS[0], "10"), (PINS[1], "1900M"), (PINS[2], "1.9B"), ("no uuid", "5")])
    assert _run(own, "stream", "--once", "--json")[0]["quarantined"] == 3
    assert served(own) == {PINS[0]: (ids[0], 10)}

    refused = _run(own, "quarantine", "list", "--json", "--lane", "stream")

    found = {row["event_id"]: row for row in refused}
    assert {event_id: row["reasons"] for event_id, row in found.items()} == {
        ids[1]: ["silver.follower_count.plausible"],
        ids[2]: ["silver.follower_count.plausible"],
        ids[3]: ["unique_id.not_a_uuid"],
    }
    assert orjson.loads(found[ids[1]]["value"])["follower_count"] == "1900M"

    # Since then a newer event of the third pin has come: what is replayed must not replace it.
    newest = _send(own, [(PINS[2], "33")])
    assert _run(own, "stream", "--once", "--json")[0]["written"] == 1
    many = ("--where", "unique_id <> 'no uuid'", "--lane", "stream")
    _run(own, "quarantine", "fix", *many, "--set", "follower_count = '1.9M'", "--note", "too many", text=True)
    told = _run(own, "quarantine", "replay", *many, text=True)

    assert told == "stream: 2 rows tried, 2 passed"
    assert served(own) == {PINS[0]: (ids[0], 10), PINS[1]: (ids[1], 1_900_000), PINS[2]: (newest[0], 33)}
    place = f"s3://{own.s3.bucket}/reports"
    (report,) = _run(own, "quality", "report", "--to", place, "--json")
    page = (
        s3_client(own.s3).get_object(Bucket=own.s3.bucket, Key="reports/index.html")["Body"].read().decode()
    )
    assert report["page"] == f"{place}/index.html"
    assert "gold.pin_features_stream" in page
    assert {verdict["rule"] for verdict in report["verdicts"]} >= {
        "silver.unique_id.unique",
        "silver.follower_count.plausible",
    }


def test_suites_with_mistakes_are_told(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "expectations"
    folder.mkdir()
    for path in (Path(__file__).parents[2] / "expectations").glob("*.json"):
        (folder / path.name).write_text(
            path.read_text().replace('"column": "category"', '"column": "categry"')
        )

    done = _finished(settings, "quality", "check-suites", "--folder", str(folder))

    assert done.returncode == 1
    assert "there is no column categry" in done.stderr
    assert "Traceback" not in done.stderr


def _send(own: Settings, pins: list[tuple[str, str]]) -> list[str]:
    producer = Producer({"bootstrap.servers": own.kafka.bootstrap_servers, "acks": "all"})
    ids = [new_event_id() for _ in pins]
    for event_id, (unique_id, followers) in zip(ids, pins, strict=True):
        pin = {"unique_id": unique_id, "category": "art", "follower_count": followers}
        headers: list[tuple[str, str | bytes | None]] = [(EVENT_ID_HEADER, event_id.encode())]
        producer.produce(own.kafka.stream_topic, orjson.dumps(pin), headers=headers)
    assert producer.flush(30) == 0
    return ids


def _run(own: Settings, *arguments: str, text: bool = False) -> Any:  # noqa: ANN401 - JSON, or text
    done = _finished(own, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip() if text else [orjson.loads(line) for line in done.stdout.splitlines()]


def _finished(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("pinlake")), *arguments]
    given = commands.environment(settings)
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=SLOW)
