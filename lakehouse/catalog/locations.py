"""Where tables, checkpoints and landing objects lie."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.settings import Settings


@dataclass(frozen=True)
class Warehouse:
    """The URLs of a lakehouse.

    Attributes:
        root: what the rest lies under, such as s3a://pinlake.
    """

    root: str

    @property
    def tables(self) -> str:
        """Folder of the Delta tables."""
        return f"{self.root}/warehouse"

    @property
    def landing(self) -> str:
        """Folder of the landing objects."""
        return f"{self.root}/landing/pins"

    def checkpoint(self, name: str) -> str:
        """Return the folder of one query's checkpoint."""
        return f"{self.root}/checkpoints/{name}"


def of(settings: Settings) -> Warehouse:
    """Return the warehouse in the configured bucket."""
    return Warehouse(f"s3a://{settings.s3.bucket}")
