"""The requests of each method of a bucket, what it returns, and which errors it raises."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber
from pydantic import SecretStr

from foundation.clients import BRIEF
from foundation.errors import ConfigurationError, TransientError
from foundation.object_store import ObjectContent, ObjectStore, StoredObject
from foundation.settings import S3Settings

WRITTEN = datetime(2026, 1, 30, 12, 0, tzinfo=UTC)
SETTINGS = S3Settings(
    endpoint="http://127.0.0.1:1",
    bucket="pins",
    region="eu-west-1",
    access_key="key",
    secret_key=SecretStr("hunter2"),
)
METHODS: dict[str, tuple[str, Callable[[ObjectStore], object]]] = {
    "get": ("get_object", lambda store: store.get("a")),
    "read": ("get_object", lambda store: store.read("a")),
    "read_metadata": ("head_object", lambda store: store.read_metadata("a")),
    "list_objects": ("list_objects_v2", lambda store: list(store.list_objects("a"))),
    "list_keys": ("list_objects_v2", lambda store: store.list_keys("a")),
    "write": ("put_object", lambda store: store.write("a", b"")),
    "write_if_absent": ("put_object", lambda store: store.write_if_absent("a", b"")),
    "delete": ("delete_object", lambda store: store.delete("a")),
}
every_method = pytest.mark.parametrize(("operation", "call"), METHODS.values(), ids=METHODS)


@pytest.fixture(scope="module")
def store() -> ObjectStore:
    """A bucket of a store that nobody listens for."""
    return ObjectStore.open(SETTINGS, BRIEF)


@pytest.fixture
def stub(store: ObjectStore) -> Iterator[Stubber]:
    """What the store answers instead; all of it must be asked for."""
    with Stubber(store.client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def test_an_object_has_a_body_metadata_and_an_age_by_the_clock_of_the_store(
    store: ObjectStore, stub: Stubber
) -> None:
    stub.add_response("get_object", _answer(b"text"), _at("a/b"))

    content = store.get("a/b")

    assert content == ObjectContent(b"text", {"name": "value"}, WRITTEN, "Fri, 30 Jan 2026 12:00:07 GMT")
    assert content.age == 7.0


def test_a_missing_object_is_none_but_a_missing_bucket_is_an_error(store: ObjectStore, stub: Stubber) -> None:
    for code in ("NoSuchKey", "NoSuchKey", "NoSuchBucket"):
        stub.add_client_error("get_object", code, http_status_code=404)

    assert store.get("a") is None
    assert store.read("a") is None
    with pytest.raises(ConfigurationError, match="refuses: NoSuchBucket"):
        store.read("a")


def test_bytes_and_metadata_are_read_on_their_own(store: ObjectStore, stub: Stubber) -> None:
    stub.add_response("get_object", _answer(b"text"), _at("a"))
    stub.add_response("head_object", {"Metadata": {"name": "value"}}, _at("a"))

    assert store.read("a") == b"text"
    assert store.read_metadata("a") == {"name": "value"}


def test_all_pages_of_a_listing_are_read(store: ObjectStore, stub: Stubber) -> None:
    request = {"Bucket": "pins", "Prefix": "a/"}
    for _ in range(2):
        first = {"IsTruncated": True, "NextContinuationToken": "next", **_listing("a/1", "a/2")}
        stub.add_response("list_objects_v2", first, request)
        stub.add_response("list_objects_v2", _listing("a/3"), {**request, "ContinuationToken": "next"})
    stub.add_response("list_objects_v2", {}, {"Bucket": "pins", "Prefix": ""})

    assert list(store.list_objects("a/")) == [StoredObject(f"a/{number}", WRITTEN) for number in (1, 2, 3)]
    assert store.list_keys("a/") == ["a/1", "a/2", "a/3"]
    assert store.list_keys() == []


def test_only_what_is_given_is_stored_with_an_object(store: ObjectStore, stub: Stubber) -> None:
    stub.add_response("put_object", {}, {**_at("a"), "Body": b"text"})
    attributes = {"Metadata": {"name": "value"}, "ContentType": "text/html", "CacheControl": "no-cache"}
    stub.add_response("put_object", {}, {**_at("a"), "Body": b"text", **attributes})

    store.write("a", b"text")
    store.write("a", b"text", metadata={"name": "value"}, content_type="text/html", cache_control="no-cache")


def test_one_of_two_that_create_an_object_is_refused(store: ObjectStore, stub: Stubber) -> None:
    stub.add_response("put_object", {}, {**_at("a"), "Body": b"text", "IfNoneMatch": "*"})
    stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)

    assert [store.write_if_absent("a", b"text") for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("status", [400, 501])
def test_a_store_that_does_not_know_the_condition_is_not_asked_again(
    status: int, store: ObjectStore, stub: Stubber
) -> None:
    stub.add_client_error("put_object", "NotImplemented", http_status_code=status)

    with pytest.raises(ConfigurationError, match=rf"answered {status}.*PINLAKE_S3_SINGLE_WRITER=true"):
        store.write_if_absent("a", b"text")


def test_an_object_is_deleted(store: ObjectStore, stub: Stubber) -> None:
    stub.add_response("delete_object", {}, _at("a"))

    store.delete("a")


@pytest.mark.parametrize(
    ("region", "location"),
    [
        ("us-east-1", {}),
        ("eu-west-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
    ],
)
def test_a_missing_bucket_is_created_in_its_region(region: str, location: dict[str, Any]) -> None:
    store = ObjectStore.open(SETTINGS.model_copy(update={"region": region}))
    with Stubber(store.client) as stub:
        stub.add_client_error("head_bucket", "404", http_status_code=404)
        stub.add_response("create_bucket", {}, {"Bucket": "pins", **location})
        stub.add_response("head_bucket", {}, {"Bucket": "pins"})

        assert [store.create_bucket() for _ in range(2)] == [True, False]


def test_a_bucket_that_cannot_be_created_is_named(store: ObjectStore, stub: Stubber) -> None:
    stub.add_client_error("head_bucket", "404", http_status_code=404)
    stub.add_client_error("create_bucket", "BucketAlreadyExists", http_status_code=409)

    with pytest.raises(ConfigurationError, match=r"refuses: BucketAlreadyExists.*s3://pins"):
        store.create_bucket()


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (404, "missing bucket: pins"),
        (403, "the bucket pins cannot be read: 403"),
        (503, "the bucket pins cannot be read: 503"),
    ],
)
def test_a_bucket_that_cannot_be_used_says_why(
    status: int, what: str, store: ObjectStore, stub: Stubber
) -> None:
    stub.add_response("head_bucket", {})
    stub.add_client_error("head_bucket", str(status), http_status_code=status)

    store.require_bucket()
    with pytest.raises(ConfigurationError, match=what):
        store.require_bucket()


@every_method
@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_store_that_cannot_answer_now_may_be_asked_again(
    operation: str, call: Callable[[ObjectStore], object], status: int, store: ObjectStore, stub: Stubber
) -> None:
    stub.add_client_error(operation, "SlowDown", http_status_code=status)

    with pytest.raises(
        TransientError, match=r"does not answer: SlowDown \(http://127\.0\.0\.1:1, s3://pins/a"
    ):
        call(store)


@every_method
def test_a_store_that_refuses_is_not_asked_again_and_no_key_is_shown(
    operation: str, call: Callable[[ObjectStore], object], store: ObjectStore, stub: Stubber
) -> None:
    stub.add_client_error(operation, "AccessDenied", http_status_code=403)

    with pytest.raises(
        ConfigurationError, match=r"refuses: AccessDenied \(.*s3://pins/a.*PINLAKE_S3_"
    ) as raised:
        call(store)

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "call",
    [
        *(call for _, call in METHODS.values()),
        ObjectStore.create_bucket,
        ObjectStore.require_bucket,
        lambda store: store.require_conditional_writes("tables"),
    ],
)
def test_a_store_that_nobody_listens_for_may_be_asked_again(
    call: Callable[[ObjectStore], object], store: ObjectStore
) -> None:
    with pytest.raises(TransientError, match=r"does not answer: EndpointConnectionError.*s3://pins/"):
        call(store)


def test_an_answer_that_breaks_off_is_transient(store: ObjectStore, stub: Stubber) -> None:
    response = _answer(b"text")
    response["Body"] = StreamingBody(io.BytesIO(b"te"), 4)
    stub.add_response("get_object", response, _at("a"))

    with pytest.raises(TransientError, match="does not answer: IncompleteReadError"):
        store.read("a")


@pytest.mark.parametrize("second", [None, 501, 403])
def test_the_probe_leaves_nothing_behind(second: int | None, store: ObjectStore, stub: Stubber) -> None:
    created = {"Bucket": "pins", "Key": ANY, "Body": b"", "IfNoneMatch": "*"}
    stub.add_response("put_object", {}, created)
    if second is None:
        stub.add_response("put_object", {}, created)
    else:
        stub.add_client_error("put_object", "Refused", http_status_code=second)
    stub.add_response("delete_object", {}, {"Bucket": "pins", "Key": ANY})

    with pytest.raises(ConfigurationError, match="s3://pins/tables/_probe/"):
        store.require_conditional_writes("tables")


def _answer(body: bytes) -> dict[str, Any]:
    return {
        "Body": StreamingBody(io.BytesIO(body), len(body)),
        "Metadata": {"name": "value"},
        "LastModified": WRITTEN,
        "ResponseMetadata": {"HTTPHeaders": {"date": "Fri, 30 Jan 2026 12:00:07 GMT"}},
    }


def _at(key: str) -> dict[str, Any]:
    return {"Bucket": "pins", "Key": key}


def _listing(*keys: str) -> dict[str, Any]:
    return {"Contents": [{"Key": key, "LastModified": WRITTEN} for key in keys]}
