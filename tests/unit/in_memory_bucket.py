"""An S3 client whose one bucket is a dictionary and whose clock stands still until a test moves it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError, EndpointConnectionError
from mypy_boto3_s3 import S3Client

from foundation.object_store import ObjectStore

ENDPOINT = "http://in-memory"
NAME = "pinlake"


class InMemoryBucket:
    """The objects, with the methods of a client that `ObjectStore` calls.

    Attributes:
        objects: content and metadata by key.
        now: the store's time.
        is_unreachable: whether every request fails.
    """

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self.objects: dict[str, tuple[bytes, Mapping[str, str]]] = {
            key: (content, {}) for key, content in (objects or {}).items()
        }
        self.now = self._began = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.is_unreachable = False
        self.exceptions = SimpleNamespace(NoSuchKey=_NoSuchKeyError, ClientError=ClientError)
        self.meta = SimpleNamespace(endpoint_url=ENDPOINT)
        self._written_at: dict[str, datetime] = {}

    @property
    def client(self) -> S3Client:
        """This object, as the type that the code under test takes."""
        return cast("S3Client", self)

    @property
    def store(self) -> ObjectStore:
        """The bucket, as the code under test takes it."""
        return ObjectStore(self.client, NAME)

    def advance(self, seconds: float) -> None:
        """Move the store's clock forward."""
        self.now += timedelta(seconds=seconds)

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        Metadata: Mapping[str, str] | None = None,
        IfNoneMatch: str | None = None,
    ) -> dict[str, Any]:
        response = self._respond(Bucket)
        if IfNoneMatch == "*" and Key in self.objects:
            status = {"HTTPStatusCode": 412}
            raise ClientError(
                {"Error": {"Code": "PreconditionFailed"}, "ResponseMetadata": status},  # type: ignore[typeddict-item] # the rest of the metadata is of no interest
                "PutObject",
            )
        self.objects[Key], self._written_at[Key] = (Body, dict(Metadata or {})), self.now
        return response

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        response = self._respond(Bucket)
        if Key not in self.objects:
            raise _NoSuchKeyError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        content, metadata = self.objects[Key]
        return {**response, **self._entry(Key), "Body": io.BytesIO(content), "Metadata": metadata}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Metadata": self.get_object(Bucket=Bucket, Key=Key)["Metadata"]}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        response = self._respond(Bucket)
        self.objects.pop(Key, None)
        return response

    def get_paginator(self, operation: str) -> InMemoryBucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str = "") -> Iterator[dict[str, Any]]:
        """Yield pages of one object each, after one without a list of objects."""
        yield self._respond(Bucket)
        for key in sorted(self.objects):
            if key.startswith(Prefix):
                yield {**self._respond(Bucket), "Contents": [self._entry(key)]}

    def _entry(self, key: str) -> dict[str, Any]:
        return {"Key": key, "LastModified": self._written_at.get(key, self._began)}

    def _respond(self, bucket: str) -> dict[str, Any]:
        assert bucket == NAME
        if self.is_unreachable:
            raise EndpointConnectionError(endpoint_url=ENDPOINT)
        headers = {"date": format_datetime(self.now, usegmt=True)}
        return {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": headers}}


class _NoSuchKeyError(ClientError):
    pass
