"""An S3 client whose one bucket is a dictionary."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client

from foundation.object_store import ObjectStore

WRITTEN_AT = datetime(2026, 1, 1, tzinfo=UTC)


class NoSuchKeyError(ClientError):
    """The error of an object that does not exist."""

    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "NoSuchKey"}}, "GetObject")


class InMemoryBucket:
    """The objects, with the methods of a client that the code under test calls.

    Attributes:
        objects: content and metadata by key.
        name: the bucket that requests must name.
    """

    class exceptions:
        """The errors that a client offers."""

        NoSuchKey = NoSuchKeyError

    def __init__(self, objects: Mapping[str, bytes] | None = None, *, name: str = "pinlake") -> None:
        self.name = name
        self.objects: dict[str, tuple[bytes, Mapping[str, str]]] = {
            key: (content, {}) for key, content in (objects or {}).items()
        }

    @property
    def client(self) -> S3Client:
        """This object, as the type that the code under test takes."""
        return cast("S3Client", self)

    @property
    def store(self) -> ObjectStore:
        """The bucket, as the code under test takes it."""
        return ObjectStore(self.client, self.name)

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, Metadata: Mapping[str, str] | None = None
    ) -> None:
        assert Bucket == self.name
        self.objects[Key] = (Body, dict(Metadata or {}))

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == self.name
        if Key not in self.objects:
            raise NoSuchKeyError
        content, metadata = self.objects[Key]
        return {
            "Body": io.BytesIO(content),
            "Metadata": metadata,
            "LastModified": WRITTEN_AT,
            "ResponseMetadata": {"HTTPHeaders": {}},
        }

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Metadata": self.get_object(Bucket=Bucket, Key=Key)["Metadata"]}

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        assert Bucket == self.name
        self.objects.pop(Key, None)

    def list_objects_v2(self, *, Bucket: str, Prefix: str = "") -> dict[str, Any]:
        assert Bucket == self.name
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        # A listing without objects has no list of them.
        return {"Contents": [{"Key": key, "LastModified": WRITTEN_AT} for key in keys]} if keys else {}

    def get_paginator(self, operation: str) -> InMemoryBucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str = "") -> Iterator[dict[str, Any]]:
        """Yield pages of one object each, after an empty one."""
        yield {}
        for entry in self.list_objects_v2(Bucket=Bucket, Prefix=Prefix).get("Contents", []):
            yield {"Contents": [entry]}
