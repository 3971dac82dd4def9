"""URLs of tables, checkpoints and landing objects under the root of a lakehouse."""

from __future__ import annotations

from dataclasses import dataclass

from foundation import landing_object
from lakehouse.catalog.tables import Table

TABLES = "warehouse"


@dataclass(frozen=True)
class Locations:
    """The URLs of a lakehouse.

    Attributes:
        root: the URL that all others start with, such as s3a://pinlake.
    """

    root: str

    @property
    def tables(self) -> str:
        """The folder of the Delta tables."""
        return f"{self.root}/{TABLES}"

    @property
    def landing(self) -> str:
        """The folder of the landing objects."""
        return f"{self.root}/{landing_object.FOLDER}"

    def table(self, table: Table) -> str:
        """Return the folder of one table."""
        return f"{self.root}/{table_key(table)}"

    def checkpoint(self, name: str) -> str:
        """Return the folder of a streaming query's checkpoint."""
        return f"{self.root}/{checkpoint_key(name)}"


def table_key(table: Table) -> str:
    """Return the key of the folder of one table."""
    return f"{TABLES}/{table.layer}/{table.name}"


def checkpoint_key(name: str) -> str:
    """Return the key of the folder of a streaming query's checkpoint."""
    return f"checkpoints/{name}"
