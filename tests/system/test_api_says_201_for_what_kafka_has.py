"""Each 201 has a record in each topic; each refused pin has none and gets a problem body."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from foundation import kafka_admin as topics
from foundation.event import EVENT_ID_HEADER, RECEIVED_AT_HEADER, new_event_id
from foundation.settings import Settings
from tests import commands, records
from tests.records import Record

PARTITIONS = 3
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Lab:
    """An API with topics of its own, and its client."""

    settings: Settings
    client: httpx.Client

    def events(self) -> dict[str, dict[str, list[Record]]]:
        """Return the records of each topic by event id."""
        kafka = self.settings.kafka
        names = (kafka.batch_topic, kafka.stream_topic)
        return {name: _by_event(records.read(kafka, name)) for name in names}

    def ends(self) -> list[int]:
        """Return the end offset of each partition."""
        return [row.end for row in topics.read_lag(self.settings.kafka)]


@pytest.fixture(scope="module")
def lab(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    own = records.isolate(stack, partitions=PARTITIONS)
    log = tmp_path_factory.mktemp("api") / "log"
    with commands.running_api(own, log=log) as api, httpx.Client(base_url=api.url, timeout=20) as client:
        yield Lab(own, client)


def _by_event(topic_records: list[Record]) -> dict[str, list[Record]]:
    events: dict[str, list[Record]] = {}
    for record in topic_records:
        event_id = dict(record.headers)[EVENT_ID_HEADER]
        assert event_id is not None
        events.setdefault(event_id.decode(), []).append(record)
    return events


def _pin(**fields: object) -> dict[str, object]:
    return {"unique_id": str(uuid.uuid4()), **fields}


def test_it_lives_is_ready_and_has_created_its_topics_as_configured(lab: Lab) -> None:
    assert lab.client.get("/health").json() == {"status": "live"}
    assert lab.client.get("/ready").json() == {"status": "ready"}
    kafka = lab.settings.kafka
    with records.admin(kafka) as admin:
        described = admin.describe_topics([kafka.batch_topic, kafka.stream_topic])
    assert [len(topic["partitions"]) for topic in described] == [PARTITIONS, PARTITIONS]


def test_a_pin_is_in_both_topics_under_its_event_id(lab: Lab) -> None:
    pin = _pin(title="Café 😀 'quoted'", follower_count="5k", unknown={"kept": [1, None]})
    before = datetime.now(UTC)
    answer = lab.client.post("/pin/", json=pin)
    after = datetime.now(UTC)

    assert answer.status_code == 201
    event_id = answer.json()["event_id"]
    assert answer.json() == {"event_id": event_id, "unique_id": pin["unique_id"]}
    for topic, events in lab.events().items():
        (record,) = events[event_id]
        assert record.key == str(pin["unique_id"]).encode(), topic
        assert record.value is not None
        assert orjson.loads(record.value) == pin
        assert "Café 😀".encode() in record.value
        headers = dict(record.headers)
        assert set(headers) == {EVENT_ID_HEADER, RECEIVED_AT_HEADER}
        assert before <= datetime.fromisoformat((headers[RECEIVED_AT_HEADER] or b"").decode()) <= after
        moment = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        assert before - timedelta(milliseconds=1) <= moment <= after


def test_a_retry_under_its_idempotency_key_is_the_same_event(lab: Lab) -> None:
    key, pin = new_event_id(), _pin()
    answers = [lab.client.post("/pin/", json=pin, headers={"Idempotency-Key": key}) for _ in range(2)]

    assert [(answer.status_code, answer.json()["event_id"]) for answer in answers] == [(201, key)] * 2
    for events in lab.events().values():
        first, second = events[key]
        assert (first.partition, first.key, first.value) == (second.partition, second.key, second.value)


@pytest.mark.parametrize("form", ["lines", "array"])
def test_in_a_bulk_request_the_good_pins_go_in_their_order_and_the_bad_are_reported(
    lab: Lab, form: str
) -> None:
    same = str(uuid.uuid4())
    good = [_pin(unique_id=same, index=number) for number in range(3)]
    bad: list[tuple[bytes, int, str | None]] = [
        (b"[1]", 400, None),
        (b'{"title": "no id"}', 422, "unique_id"),
        (b'{"unique_id": "x"}', 422, "unique_id"),
    ]
    if form == "lines":
        bad.append((b'{"unique_id": "\xff"}', 400, None))
    parts = [*map(orjson.dumps, good), *(content for content, _, _ in bad)]
    body = b"\n".join(parts) if form == "lines" else b"[" + b",".join(parts) + b"]"

    answer = lab.client.post("/pins", content=body)

    report = answer.json()
    assert (answer.status_code, report["accepted"], report["rejected"]) == (207, len(good), len(bad))
    results = report["results"]
    assert [line["line"] for line in results] == list(range(1, len(parts) + 1))
    assert [line["status"] for line in results] == [201] * len(good) + [status for _, status, _ in bad]
    assert [line["problem"].get("field") for line in results[3:]] == [field for _, _, field in bad]
    for events in lab.events().values():
        topic_records = [record for line in results[:3] for record in events[line["event_id"]]]
        assert [orjson.loads(record.value or b"") for record in topic_records] == good
        assert [record.offset for record in topic_records] == sorted(
            record.offset for record in topic_records
        )


def test_of_many_at_once_each_is_in_both_topics_once(lab: Lab) -> None:
    def post(pin: dict[str, object]) -> httpx.Response:
        return lab.client.post("/pin/", json=pin)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(post, [_pin(index=number) for number in range(400)]))

    assert Counter(answer.status_code for answer in answers) == {201: 400}
    for events in lab.events().values():
        assert {len(events[answer.json()["event_id"]]) for answer in answers} == {1}


def test_a_body_of_8_mebibytes_is_taken_and_a_byte_more_is_not(lab: Lab) -> None:
    pins = [_pin(title="x" * 400_000) for _ in range(20)]
    body = b"\n".join(map(orjson.dumps, pins))
    full = body + b"\n" * (8 * MEBIBYTE - len(body))

    answer = lab.client.post("/pins", content=full)
    assert (answer.status_code, answer.json()["accepted"]) == (201, len(pins))
    _assert_problem(lab.client.post("/pins", content=full + b"\n"), 413)

    ids = [line["event_id"] for line in answer.json()["results"]]
    for events in lab.events().values():
        assert [orjson.loads(events[event_id][0].value or b"") for event_id in ids] == pins


GOOD = b'{"unique_id":"55abcd28-bda1-4453-bbcd-1427fb3aa49b"}'


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "field"),
    [
        ("/pin/", b"", {}, 400, None),
        ("/pin/", b"not JSON", {}, 400, None),
        ("/pin/", b"[]", {}, 400, None),
        ("/pin/", GOOD[:-1] + b',"title":"\xc3"}', {}, 400, None),
        ("/pin/", GOOD[:-1] + b',"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}", {}, 400, None),
        ("/pin/", b"{}", {}, 422, "unique_id"),
        ("/pin/", b'{"unique_id":null}', {}, 422, "unique_id"),
        ("/pin/", b'{"unique_id":["55abcd28-bda1-4453-bbcd-1427fb3aa49b"]}', {}, 422, "unique_id"),
        ("/pin/", b'{"unique_id":"55abcd28"}', {}, 422, "unique_id"),
        ("/pin/", b" " * (512 * 1024) + GOOD, {}, 413, None),
        ("/pin/", GOOD, {"Idempotency-Key": "mine"}, 422, "Idempotency-Key"),
        ("/pin/", GOOD, {"Idempotency-Key": str(uuid.uuid4())}, 422, "Idempotency-Key"),
        ("/pin/", GOOD, {"Idempotency-Key": "01800000-0000-7000-8000-000000000000"}, 422, "Idempotency-Key"),
        ("/pin/", GOOD, {"Content-Encoding": "gzip"}, 415, "Content-Encoding"),
        ("/pin/", GOOD, {"Connection": "Upgrade", "Upgrade": "h2c"}, 400, "Upgrade"),
        ("/pins", GOOD, {"Idempotency-Key": new_event_id()}, 400, "Idempotency-Key"),
        ("/pins", b"", {}, 400, None),
        ("/pins", b"[]", {}, 400, None),
        ("/pins", b"[" + GOOD, {}, 400, None),
        ("/pins", b"[" * 100_000 + b"]" * 100_000, {}, 400, None),
        ("/pins", b"{}\n{}", {}, 422, None),
        ("/nowhere", GOOD, {}, 404, None),
        ("/health", GOOD, {}, 405, None),
    ],
)
def test_what_is_refused_gets_a_problem_body_and_leaves_no_record(
    lab: Lab, path: str, body: bytes, headers: dict[str, str], status: int, field: str | None
) -> None:
    before = lab.ends()
    _assert_problem(lab.client.post(path, content=body, headers=headers), status, field)
    assert lab.ends() == before


def _assert_problem(answer: httpx.Response, status: int, field: str | None = None) -> None:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body.get("field")) == (status, status, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
