"""Access to the tables and other objects of the bucket without Spark."""

from __future__ import annotations

from collections.abc import Iterator

from foundation.object_store import ObjectStore, StoredObject
from foundation.settings import S3Settings
from lakehouse.catalog.locations import Locations
from lakehouse.catalog.tables import Table
from lakehouse.quality import published_version
from lakehouse.quality.published_version import PublishedVersion

# Long enough for a busy store, short enough for a user who waits.
_TIMEOUTS = {"max_retries": "3", "retry_timeout": "15s", "connect_timeout": "5s", "timeout": "30s"}


class TableStore:
    """The tables and other objects of one bucket.

    Args:
        s3: the address of the bucket and its credentials.
    """

    def __init__(self, s3: S3Settings) -> None:
        self._s3 = s3
        self._objects = ObjectStore.open(s3)
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
            ConfigurationError: the object store refuses these keys.
        """
        return PublishedVersion.parse(self._objects.read(published_version.key(table))).version

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Return the objects whose keys start with a prefix.

        Raises: as `published_version`.
        """
        return self._objects.list_objects(prefix)

    def key(self, url: str) -> str:
        """Return the object key of a URL in the bucket."""
        return url.removeprefix(f"{self.locations.root}/")
