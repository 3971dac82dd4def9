"""An S3 client whose bucket is a dictionary and whose clock stands still until a test moves it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError, EndpointConnectionError
from mypy_boto3_s3 import S3Client

from foundation.object_store import ObjectStore

ENDPOINT = "http://in-memory"


class InMemoryS3:
    """The objects of one bucket.

    Attributes:
        content: the bytes of every object, by key.
        now: the store's time.
        is_unreachable: whether every request fails.
        page_size: objects per page of a listing.
    """

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.is_unreachable = False
        self.page_size = 1000
        self.exceptions = SimpleNamespace(NoSuchKey=_NoSuchKeyError, ClientError=ClientError)
        self.meta = SimpleNamespace(endpoint_url=ENDPOINT)
        self._written_at: dict[str, datetime] = {}

    @property
    def client(self) -> S3Client:
        """This object, in the type that the code asks for."""
        return cast("S3Client", self)

    @property
    def store(self) -> ObjectStore:
        """The bucket, as the code takes it."""
        return ObjectStore(self.client, "pinlake")

    def advance(self, seconds: float) -> None:
        """Move the store's clock forward."""
        self.now += timedelta(seconds=seconds)

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, IfNoneMatch: str | None = None
    ) -> dict[str, Any]:
        response = self._respond()
        if IfNoneMatch == "*" and Key in self.content:
            status = {"HTTPStatusCode": 412}
            raise ClientError(
                {"Error": {"Code": "PreconditionFailed"}, "ResponseMetadata": status},  # type: ignore[typeddict-item] # the rest of the metadata is of no interest
                "PutObject",
            )
        self.content[Key], self._written_at[Key] = Body, self.now
        return response

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        response = self._respond()
        if Key not in self.content:
            raise _NoSuchKeyError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        body = io.BytesIO(self.content[Key])
        return {**response, "Body": body, "LastModified": self._written_at[Key], "Metadata": {}}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self.content.pop(Key, None)
        return self._respond()

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:
        return next(self.paginate(Bucket=Bucket, Prefix=Prefix))

    def get_paginator(self, operation: str) -> InMemoryS3:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        entries = [
            {"Key": key, "LastModified": written_at}
            for key, written_at in sorted(self._written_at.items())
            if key in self.content and key.startswith(Prefix)
        ]
        if not entries:
            yield self._respond()  # such a page has no list at all
        for first in range(0, len(entries), self.page_size):
            yield {**self._respond(), "Contents": entries[first : first + self.page_size]}

    def _respond(self) -> dict[str, Any]:
        if self.is_unreachable:
            raise EndpointConnectionError(endpoint_url=ENDPOINT)
        headers = {"date": format_datetime(self.now, usegmt=True)}
        return {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": headers}}


class _NoSuchKeyError(ClientError):
    pass
