"""The folder of a streaming query's checkpoint, reached through Spark's file system or the object store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from foundation.object_store import ObjectStore
from lakehouse.spark import filesystem

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class CheckpointFolder(Protocol):
    """Reads the small files of one checkpoint. Each call costs one request or two."""

    @property
    def url(self) -> str:
        """The URL of the folder, as Spark writes it."""

    def list_names(self, subfolder: str) -> list[str]:
        """Return the names of the files in a subfolder; none if there is no such folder."""

    def read_text(self, name: str) -> str | None:
        """Return the text of a file, or None if there is no such file."""


@dataclass(frozen=True)
class HadoopFolder:
    """A checkpoint folder that a Spark session reads.

    Attributes:
        spark: the session.
        url: the URL of the folder.
    """

    spark: SparkSession
    url: str

    def list_names(self, subfolder: str) -> list[str]:
        """See `CheckpointFolder`."""
        return filesystem.list_names(self.spark, f"{self.url}/{subfolder}")

    def read_text(self, name: str) -> str | None:
        """See `CheckpointFolder`."""
        return filesystem.read_text(self.spark, f"{self.url}/{name}")


@dataclass(frozen=True)
class StoreFolder:
    """A checkpoint folder that is read without Spark.

    Attributes:
        store: the bucket.
        prefix: the key of the folder, without a slash at its end.
    """

    store: ObjectStore
    prefix: str

    @property
    def url(self) -> str:
        """See `CheckpointFolder`."""
        return f"s3a://{self.store.bucket}/{self.prefix}"

    def list_names(self, subfolder: str) -> list[str]:
        """See `CheckpointFolder`."""
        folder = f"{self.prefix}/{subfolder}/"
        return [key.removeprefix(folder) for key in self.store.list_keys(folder)]

    def read_text(self, name: str) -> str | None:
        """See `CheckpointFolder`."""
        body = self.store.read(f"{self.prefix}/{name}")
        return None if body is None else body.decode()
