"""The bucket: creation, and the check that it exists."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from foundation.errors import ConfigurationError, object_store_unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from foundation.settings import S3Settings

# AWS refuses a request that names this region when a bucket is created.
_DEFAULT_REGION = "us-east-1"


def create_bucket(client: S3Client, s3: S3Settings) -> bool:
    """Create the bucket if it is missing; return whether it was created.

    Raises:
        ConfigurationError: these keys may not read or create the bucket.
        TransientError: the store does not answer.
    """
    where = f"{client.meta.endpoint_url}, bucket {s3.bucket}"
    try:
        if _exists(client, s3.bucket):
            return False
        if s3.region == _DEFAULT_REGION:
            client.create_bucket(Bucket=s3.bucket)
        else:
            client.create_bucket(
                Bucket=s3.bucket,
                CreateBucketConfiguration={"LocationConstraint": s3.region},  # type: ignore[typeddict-item]  # any region
            )
    except ClientError as error:
        raise ConfigurationError(
            f"the bucket cannot be created: {error.response['Error'].get('Code')}",
            where=where,
            hint="Correct PINLAKE_S3_BUCKET and the keys, or have an administrator create the bucket.",
        ) from None
    except BotoCoreError as error:
        raise object_store_unavailable(error, where=where) from None
    return True


def require_bucket(client: S3Client, s3: S3Settings) -> None:
    """Make sure that the object store answers and has the bucket.

    Raises:
        ConfigurationError: the bucket is missing, or these keys may not read it.
        TransientError: the store does not answer.
    """
    where = f"{client.meta.endpoint_url}, bucket {s3.bucket}"
    try:
        if _exists(client, s3.bucket):
            return
        what = f"missing bucket: {s3.bucket}"
    except ClientError as error:
        what = f"the bucket {s3.bucket} cannot be read: {error.response['Error'].get('Code')}"
    except BotoCoreError as error:
        raise object_store_unavailable(error, where=where) from None
    raise ConfigurationError(
        what, where=where, hint="Create it with `pinlake init`, or correct PINLAKE_S3_BUCKET and the keys."
    )


def _exists(client: S3Client, bucket: str) -> bool:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True
