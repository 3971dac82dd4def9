"""A probe of the object store, before the first write: whether it can arbitrate between writers."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from foundation.errors import ConfigurationError
from foundation.object_store import object_store_unavailable
from lakehouse.catalog import locations

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from foundation.settings import S3Settings

PREFIX = f"{locations.TABLES}/_probe"
_SINGLE_WRITER_HINT = (
    "Use a store that honours it, or set PINLAKE_S3_SINGLE_WRITER=true and never run two writers at once."
)


def require_conditional_writes(client: S3Client, s3: S3Settings) -> None:
    """Create an object twice with If-None-Match; the store must refuse the second. Costs three requests.

    With `single_writer` no request is made.

    Args:
        client: the client.
        s3: the bucket, and whether there is only one writer.

    Raises:
        ConfigurationError: the store overwrites, does not know the header, or does not allow writes here.
        TransientError: the store does not answer.
    """
    if s3.single_writer:
        return
    key = f"{PREFIX}/{uuid.uuid4()}"
    where = f"{client.meta.endpoint_url}, s3://{s3.bucket}/{key}"
    try:
        try:
            statuses = [_create(client, bucket=s3.bucket, key=key) for _ in range(2)]
        finally:
            client.delete_object(Bucket=s3.bucket, Key=key)
    except ClientError as error:
        raise ConfigurationError(
            f"the object store refuses writes: {error.response['Error'].get('Code')}",
            where=where,
            hint="Create the bucket, or let these keys put, get, list and delete objects in it.",
        ) from None
    except BotoCoreError as error:
        raise object_store_unavailable(error, where=where) from None
    if statuses[1] != HTTPStatus.PRECONDITION_FAILED:
        raise ConfigurationError(
            f"the object store does not honour If-None-Match (it answered {statuses[1]}); without it, two "
            "writers of one table lose commits",
            where=where,
            hint=_SINGLE_WRITER_HINT,
        )


def _create(client: S3Client, *, bucket: str, key: str) -> int:
    """Create an object and return the status: 412 if refused, 501 or 400 if the store lacks the header."""
    try:
        response = client.put_object(Bucket=bucket, Key=key, Body=b"", IfNoneMatch="*")
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.BAD_REQUEST):
            return status
        raise
    return response["ResponseMetadata"]["HTTPStatusCode"]
