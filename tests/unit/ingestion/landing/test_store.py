"""The landing store: which errors it waits out, and whose objects it takes for its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber
from pydantic import SecretStr
from structlog.testing import capture_logs

from foundation.errors import TerminalError, TransientError
from foundation.landing_object import LandingObject
from foundation.object_store import ObjectStore
from foundation.offsets import LostOffsets, OffsetRange
from foundation.settings import S3Settings
from ingestion.landing.store import FIRST_RECORD_HASH_KEY, LandingStore

SETTINGS = S3Settings(
    endpoint="http://127.0.0.1:1", bucket="pins", access_key="key", secret_key=SecretStr("hunter2")
)
WANTED = LandingObject("2026-01-30", OffsetRange("topic", 0, 7, 7))


@pytest.fixture(scope="module")
def bucket() -> ObjectStore:
    return ObjectStore.open(SETTINGS)


@pytest.fixture
def stub(bucket: ObjectStore) -> Iterator[Stubber]:
    with Stubber(bucket.client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def landing(bucket: ObjectStore, stopping: threading.Event) -> LandingStore:
    return LandingStore(bucket, stopping=stopping)


def test_an_object_is_put_again_until_the_store_answers(landing: LandingStore, stub: Stubber) -> None:
    stub.add_client_error("put_object", "SlowDown", http_status_code=503)
    metadata = {FIRST_RECORD_HASH_KEY: "hash"}
    stub.add_response("put_object", {}, {**_at("key"), "Body": b"lines", "Metadata": metadata})

    with capture_logs() as logs:
        landing.put("key", b"lines", first_record_hash="hash")

    assert [(entry["event"], entry["key"], entry["error"]) for entry in logs] == [
        ("object store away, trying again", "key", "the object store does not answer: SlowDown")
    ]


def test_a_store_that_refuses_is_asked_once(landing: LandingStore, stub: Stubber) -> None:
    stub.add_client_error("put_object", "AccessDenied", http_status_code=403)

    with pytest.raises(TerminalError, match="the object store refuses: AccessDenied"):
        landing.put("key", b"lines", first_record_hash="hash")


def test_a_process_that_should_end_waits_for_no_store(
    landing: LandingStore, stopping: threading.Event, stub: Stubber
) -> None:
    stub.add_client_error("put_object", "SlowDown", http_status_code=503)
    stopping.set()

    with pytest.raises(TransientError, match="SlowDown"):
        landing.record(LostOffsets("batch", WANTED.offsets))


def test_the_last_offset_is_that_of_the_longest_object_with_the_same_first_record(
    landing: LandingStore, stub: Stubber
) -> None:
    ends = [LandingObject(WANTED.day, OffsetRange("topic", 0, 7, last)).key for last in (9, 12)]
    listing = [{"Key": key, "LastModified": datetime(2026, 1, 30, tzinfo=UTC)} for key in ends]
    for contents, stored_hash in (([], None), (listing, "hash"), (listing, "other")):
        request = {"Bucket": "pins", "Prefix": WANTED.prefix}
        stub.add_response("list_objects_v2", {"Contents": contents}, request)
        if stored_hash:
            stub.add_response("head_object", {"Metadata": {FIRST_RECORD_HASH_KEY: stored_hash}}, _at(ends[1]))

    assert landing.last_offset(WANTED, first_record_hash="hash") is None
    assert landing.last_offset(WANTED, first_record_hash="hash") == 12
    with pytest.raises(TerminalError, match="other records"):
        landing.last_offset(WANTED, first_record_hash="hash")


def _at(key: str) -> dict[str, Any]:
    return {"Bucket": "pins", "Key": key}
