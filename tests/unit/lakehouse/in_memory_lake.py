"""A lakehouse whose tables are lists of rows, one per version, and whose objects are in a dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pyspark.sql import DataFrame

from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from tests.unit.lakehouse.in_memory_files import InMemoryFiles


class Rows:
    """Rows in the driver, behind the few methods of a DataFrame that decisions are made by."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = list(rows)

    @property
    def dataframe(self) -> DataFrame:
        """This object, in the type that the code asks for."""
        return cast("DataFrame", self)

    def isEmpty(self) -> bool:
        return not self.rows


class InMemoryLake(DeltaLake):
    """A lakehouse without Spark.

    Attributes:
        versions: the rows of every version, by table name.
        batches: the micro-batch of every write after the table's creation, by table name.
        files: the objects next to the tables.
    """

    versions: dict[str, list[list[Mapping[str, Any]]]]
    batches: dict[str, list[MicroBatch]]
    files: InMemoryFiles

    def __init__(self) -> None:
        files = InMemoryFiles()
        super().__init__(files.session, "memory:/lake")
        # The lakehouse itself is frozen.
        self.__dict__.update(files=files, versions={}, batches={})

    def write(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Add a version with these rows alone, and return its number."""
        self.versions.setdefault(table.full_name, [[]]).append(list(rows))
        return self.version(table)

    def rows(self, table: Table) -> list[Mapping[str, Any]]:
        """Return the rows of the newest version; none if there is no table."""
        return self.versions.get(table.full_name, [[]])[-1]

    def exists(self, table: Table) -> bool:
        return table.full_name in self.versions

    def ensure(self, table: Table) -> None:
        self.versions.setdefault(table.full_name, [[]])

    def version(self, table: Table) -> int:
        return len(self.versions[table.full_name]) - 1

    def read(self, table: Table, *, version: int | None = None) -> DataFrame:
        return Rows(self.versions[table.full_name][-1 if version is None else version]).dataframe

    def append(self, rows: DataFrame, table: Table, batch: MicroBatch | None = None) -> None:
        self.write(table, [*self.rows(table), *cast("Rows", rows).rows])
        if batch is not None:
            self.batches.setdefault(table.full_name, []).append(batch)

    def merge_newest(self, rows: DataFrame, table: Table, batch: MicroBatch) -> None:
        newest = {tuple(row[name] for name in table.key): row for row in self.rows(table)}
        for row in cast("Rows", rows).rows:
            key = tuple(row[name] for name in table.key)
            if key not in newest or row["event_id"] > newest[key]["event_id"]:
                newest[key] = row
        self.write(table, list(newest.values()))
        self.batches.setdefault(table.full_name, []).append(batch)
