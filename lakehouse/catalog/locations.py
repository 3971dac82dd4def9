"""Where tables, checkpoints, landing objects and small objects lie under the root of a lakehouse."""

from __future__ import annotations

from dataclasses import dataclass

from foundation import landing_object
from lakehouse.catalog.tables import Table

TABLES = "warehouse"


@dataclass(frozen=True)
class Locations:
    """The URLs of a lakehouse.

    Attributes:
        root: the URL above everything else, such as s3a://pinlake.
    """

    root: str

    @property
    def tables(self) -> str:
        """Folder of the Delta tables."""
        return f"{self.root}/{TABLES}"

    @property
    def landing(self) -> str:
        """Folder of the landing objects."""
        return f"{self.root}/{landing_object.FOLDER}"

    def table(self, table: Table) -> str:
        """Return the folder of one table."""
        return f"{self.tables}/{table.layer}/{table.name}"

    def checkpoint(self, name: str) -> str:
        """Return the folder of one query's checkpoint."""
        return f"{self.root}/checkpoints/{name}"
