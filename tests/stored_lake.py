"""The state of a lakehouse whose bucket is a local folder, read without Spark and without a server."""

from __future__ import annotations

from pathlib import Path

from lakehouse.pipelines.pending_work.lake_state import LakeState
from tests.local_store import LocalStore
from tests.unit.in_memory_bucket import NAME, InMemoryBucket


class StoredLake(LakeState):
    """Reads the state that Spark has left in a folder, as it is now.

    Args:
        folder: the folder.
        url: the URL of the bucket, as Spark has written it into checkpoints.

    Attributes:
        bucket: the small objects.
    """

    def __init__(self, folder: Path, *, url: str) -> None:
        def content(path: Path) -> bytes:
            return path.read_bytes().replace(url.encode(), f"s3a://{NAME}".encode())

        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".parquet"]
        self.bucket = InMemoryBucket({str(path.relative_to(folder)): content(path) for path in files})
        self.objects = self.bucket.store
        self._tables = LocalStore(folder / "warehouse")
