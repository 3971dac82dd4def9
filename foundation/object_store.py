"""The object store: one bucket, through which every small object is read and written."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from foundation.clients import S3Timeouts, s3_client
from foundation.errors import ConfigurationError, PinlakeError, TransientError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_s3 import S3Client

    from foundation.settings import S3Settings

_TIMEOUTS = S3Timeouts()
# AWS refuses a request that names this region when a bucket is created.
_DEFAULT_REGION = "us-east-1"
_TRY_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_EXISTS = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT)
# What stores answer that do not know the header If-None-Match.
_UNKNOWN_HEADER = (HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.BAD_REQUEST)


@dataclass(frozen=True)
class StoredObject:
    """An object in the bucket: its key, and when it was written."""

    key: str
    at: datetime


@dataclass(frozen=True)
class ObjectContent:
    """What an object contains.

    Attributes:
        body: its bytes.
        metadata: the names and values that were stored with it.
        at: when it was written.
        date: when the store sent it, as the HTTP header Date.
    """

    body: bytes
    metadata: Mapping[str, str]
    at: datetime
    date: str

    @property
    def age(self) -> float:
        """Seconds since it was written. Both times are the store's, so the clocks of hosts need not agree."""
        return (parsedate_to_datetime(self.date) - self.at).total_seconds()


@dataclass(frozen=True)
class ObjectStore:
    """One bucket. Every method costs one request unless it says otherwise.

    All methods raise TransientError if the store does not answer, and ConfigurationError if it refuses.

    Attributes:
        client: the client of the store.
        bucket: the bucket's name.
    """

    client: S3Client
    bucket: str

    @classmethod
    def open(cls, s3: S3Settings, timeouts: S3Timeouts = _TIMEOUTS) -> ObjectStore:
        """Return the bucket of the settings; no request is made.

        Raises:
            ConfigurationError: the endpoint is not a URL.
        """
        return cls(s3_client(s3, timeouts), s3.bucket)

    def get(self, key: str) -> ObjectContent | None:
        """Return what an object contains, or None if it does not exist."""
        with self._translate_errors(key):
            try:
                response = self.client.get_object(Bucket=self.bucket, Key=key)
            except self.client.exceptions.NoSuchKey:
                return None
            date = response["ResponseMetadata"]["HTTPHeaders"].get("date", "")
            body = response["Body"].read()
            return ObjectContent(body, response["Metadata"], response["LastModified"], date)

    def read(self, key: str) -> bytes | None:
        """Return the bytes of an object, or None if it does not exist."""
        content = self.get(key)
        return None if content is None else content.body

    def read_metadata(self, key: str) -> Mapping[str, str]:
        """Return the metadata of an object, which must exist."""
        with self._translate_errors(key):
            return self.client.head_object(Bucket=self.bucket, Key=key)["Metadata"]

    def list_objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the objects whose keys start with a prefix. Costs one request per thousand."""
        pages = self.client.get_paginator("list_objects_v2")
        with self._translate_errors(prefix):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield StoredObject(entry["Key"], entry["LastModified"])

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the keys that start with a prefix. Costs one request per thousand."""
        return [stored.key for stored in self.list_objects(prefix)]

    def write(
        self,
        key: str,
        body: bytes,
        *,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> None:
        """Write an object; return after the store has acknowledged it."""
        options = {"Metadata": metadata, "ContentType": content_type, "CacheControl": cache_control}
        given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        with self._translate_errors(key):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **given)

    def write_if_absent(self, key: str, body: bytes) -> bool:
        """Create an object with If-None-Match; return whether it was created, or existed already.

        A request whose response is lost is repeated, so the object that existed may be this caller's own.
        """
        with self._translate_errors(key):
            try:
                self.client.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")
            except self.client.exceptions.ClientError as error:
                status = _status(error)
                if status in _UNKNOWN_HEADER:
                    raise self._arbitration_error(key, status) from None
                if status not in _EXISTS:
                    raise
                return False
        return True

    def delete(self, key: str) -> None:
        """Delete an object if it exists."""
        with self._translate_errors(key):
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def require_conditional_writes(self, folder: str) -> None:
        """Make sure that the store can arbitrate between writers: create an object twice, then delete it.

        Costs three requests.

        Args:
            folder: where the object is created.

        Raises:
            ConfigurationError: the store overwrites, does not know the header, or does not allow writes here.
            TransientError: the store does not answer.
        """
        key = f"{folder}/_probe/{uuid.uuid4()}"
        try:
            # This may return False although no other process wrote the key: its own repeated request did.
            self.write_if_absent(key, b"")
            if self.write_if_absent(key, b""):
                raise self._arbitration_error(key, HTTPStatus.OK)
        finally:
            self.delete(key)

    def create_bucket(self) -> bool:
        """Create the bucket if it is missing; return whether it was created. Costs up to two requests."""
        if self._has_bucket():
            return False
        region = self.client.meta.region_name
        location: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with self._translate_errors():
            self.client.create_bucket(Bucket=self.bucket, **({} if region == _DEFAULT_REGION else location))
        return True

    def require_bucket(self) -> None:
        """Make sure that the store answers and has the bucket.

        Raises:
            ConfigurationError: the bucket is missing, or these keys may not read it.
            TransientError: the store does not answer.
        """
        if not self._has_bucket():
            raise self._bucket_error(f"missing bucket: {self.bucket}")

    def _has_bucket(self) -> bool:
        with self._translate_errors():
            try:
                self.client.head_bucket(Bucket=self.bucket)
            except self.client.exceptions.ClientError as error:
                if _status(error) == HTTPStatus.NOT_FOUND:
                    return False
                raise self._bucket_error(
                    f"the bucket {self.bucket} cannot be read: {_reason(error)}"
                ) from None
        return True

    @contextmanager
    def _translate_errors(self, key: str = "") -> Iterator[None]:
        # Imported by those who make requests only: the image of the API has no botocore.
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise _translated(error, where=self._where(key)) from None

    def _where(self, key: str) -> str:
        return f"{self.client.meta.endpoint_url}, s3://{self.bucket}/{key}"

    def _bucket_error(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            what,
            where=self._where(""),
            hint="Create it with `pinlake init`, or correct PINLAKE_S3_BUCKET and the keys.",
        )

    def _arbitration_error(self, key: str, status: int) -> ConfigurationError:
        return ConfigurationError(
            f"the object store does not honour If-None-Match (it answered {status}); without it, two writers "
            "of one table lose commits",
            where=self._where(key),
            hint="Use a store that honours it, or set PINLAKE_S3_SINGLE_WRITER=true and never run two "
            "writers at once.",
        )


def object_store_unavailable(error: Exception, *, where: str) -> TransientError:
    """Return the error for an object store that does not answer."""
    return TransientError(
        f"the object store does not answer: {_reason(error)}",
        where=where,
        hint="Check the network and PINLAKE_S3_ENDPOINT, then run the command again.",
    )


def _translated(error: BotoCoreError | ClientError, *, where: str) -> PinlakeError:
    status = _status(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_LATER:
        return object_store_unavailable(error, where=where)
    return ConfigurationError(
        f"the object store refuses: {_reason(error)}",
        where=where,
        hint="Create the bucket with `pinlake init`, or correct PINLAKE_S3_* and let these keys put, get, "
        "list and delete objects in it.",
    )


def _status(error: BotoCoreError | ClientError) -> int:
    """Return the status that the store answered with; 500 if it did not answer."""
    status: int = _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return status


def _reason(error: Exception) -> str:
    code: str = _response(error).get("Error", {}).get("Code", type(error).__name__)
    return code


def _response(error: Exception) -> dict[str, Any]:
    # Only the errors that the store itself reports have one; others have none, or one of another type.
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}
