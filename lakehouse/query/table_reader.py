"""Where the tables are, and what lies beside them, for readers without Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from foundation.errors import store_away
from foundation.settings import S3Settings
from lakehouse.catalog.locations import Locations
from lakehouse.catalog.tables import Table
from lakehouse.quality import published_version as pointer
from lakehouse.quality.published_version import PublishedVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Long enough for a store that is busy, short enough for somebody who waits.
_PATIENCE = {"max_retries": "3", "retry_timeout": "15s", "connect_timeout": "5s", "timeout": "30s"}


@dataclass(frozen=True)
class StoredObject:
    """One object: its key, and when it was written."""

    key: str
    at: datetime


class TableStore:
    """One bucket.

    Args:
        s3: where it is.
        connect: makes a client; called only if something beside the tables is asked for.
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
        """How deltalake reaches it: credentials that are not set it looks for as AWS's tools do."""
        options = {"aws_region": self._s3.region, **_PATIENCE}
        if self._s3.endpoint:
            plain = str(self._s3.endpoint.startswith("http://")).lower()
            options |= {"aws_endpoint": self._s3.endpoint, "aws_allow_http": plain}
            options |= {"aws_virtual_hosted_style_request": "false"}
        if self._s3.access_key and self._s3.secret_key:
            options["aws_access_key_id"] = self._s3.access_key
            options["aws_secret_access_key"] = self._s3.secret_key.get_secret_value()
        return options

    def published_version(self, table: Table) -> int | None:
        """Return the version that readers see of a table of the batch lane; None if there is none yet.

        Raises:
            TransientError: the store does not answer.
        """
        return PublishedVersion.parse(self._text(pointer.key(table))).version

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects whose keys begin like this.

        Raises: as `published_version`.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._s3.bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    yield StoredObject(found["Key"], found["LastModified"])
        except (BotoCoreError, ClientError) as error:
            raise store_away(error, where=f"s3://{self._s3.bucket}/{prefix}") from None

    def key(self, url: str) -> str:
        """Return the key of a URL inside the bucket."""
        return url.removeprefix(f"{self.locations.root}/")

    def _text(self, key: str) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        client = self._client
        try:
            return client.get_object(Bucket=self._s3.bucket, Key=key)["Body"].read().decode()
        except client.exceptions.NoSuchKey:
            return None
        except (BotoCoreError, ClientError) as error:
            raise store_away(error, where=f"s3://{self._s3.bucket}/{key}") from None

    @cached_property
    def _client(self) -> S3Client:
        return self._connect()
