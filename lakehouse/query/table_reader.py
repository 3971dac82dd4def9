"""Access to the tables and other objects of the bucket without Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from foundation.object_store import object_store_unavailable
from foundation.settings import S3Settings
from lakehouse.catalog.locations import Locations
from lakehouse.catalog.tables import Table
from lakehouse.quality import published_version
from lakehouse.quality.published_version import PublishedVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Long enough for a busy store, short enough for a user who waits.
_TIMEOUTS = {"max_retries": "3", "retry_timeout": "15s", "connect_timeout": "5s", "timeout": "30s"}


@dataclass(frozen=True)
class StoredObject:
    """An object in the bucket: its key, and when it was written."""

    key: str
    at: datetime


class TableStore:
    """The tables and other objects of one bucket.

    Args:
        s3: the address of the bucket and its credentials.
        connect: makes an S3 client; called only when an object that is not part of a table is needed.
    """

    def __init__(self, s3: S3Settings, connect: Callable[[], S3Client]) -> None:
        self._s3 = s3
        self._connect = connect
        self.locations = Locations(f"s3://{s3.bucket}")

    def table_url(self, table: Table) -> str:
        """Return a table's URL."""
        return self.locations.table(table)

    @property
    def storage_options(self) -> dict[str, str]:
        """Options of deltalake for the bucket. Without credentials it looks them up as AWS's tools do."""
        options = {"aws_region": self._s3.region, **_TIMEOUTS}
        if self._s3.endpoint:
            plain = str(self._s3.endpoint.startswith("http://")).lower()
            options |= {"aws_endpoint": self._s3.endpoint, "aws_allow_http": plain}
            options |= {"aws_virtual_hosted_style_request": "false"}
        if self._s3.access_key and self._s3.secret_key:
            options["aws_access_key_id"] = self._s3.access_key
            options["aws_secret_access_key"] = self._s3.secret_key.get_secret_value()
        return options

    def published_version(self, table: Table) -> int | None:
        """Return the version of a batch table that readers see, or None if no version has been published.

        Raises:
            TransientError: the object store does not answer.
        """
        return PublishedVersion.parse(self._text(published_version.key(table))).version

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects whose keys start with a prefix.

        Raises: as `published_version`.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._s3.bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield StoredObject(entry["Key"], entry["LastModified"])
        except (BotoCoreError, ClientError) as error:
            raise object_store_unavailable(error, where=f"s3://{self._s3.bucket}/{prefix}") from None

    def key(self, url: str) -> str:
        """Return the object key of a URL in the bucket."""
        return url.removeprefix(f"{self.locations.root}/")

    def _text(self, key: str) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        client = self._client
        try:
            return client.get_object(Bucket=self._s3.bucket, Key=key)["Body"].read().decode()
        except client.exceptions.NoSuchKey:
            return None
        except (BotoCoreError, ClientError) as error:
            raise object_store_unavailable(error, where=f"s3://{self._s3.bucket}/{key}") from None

    @cached_property
    def _client(self) -> S3Client:
        return self._connect()
