"""The state of the lakehouse as its logs, checkpoints and small objects describe it, read without Spark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from deltalake.exceptions import DeltaError

from foundation import landing_object
from foundation.object_store import ObjectStore, object_store_unavailable
from foundation.settings import S3Settings
from lakehouse.catalog.locations import table_key
from lakehouse.catalog.tables import QUALITY_RESULTS, Table
from lakehouse.delta.streaming_checkpoint import Checkpoint, stored_checkpoint
from lakehouse.quality import published_version
from lakehouse.quality.published_version import PublishedVersion
from lakehouse.query import time_travel
from lakehouse.query.table_store import TableStore


@dataclass(frozen=True)
class TableState:
    """The newest version of a table.

    Attributes:
        table: the table.
        id: the id that Delta gave the table when it was created.
        version: the version's number.
        columns: the names of its columns.
    """

    table: Table
    id: str
    version: int
    columns: frozenset[str]


@dataclass(frozen=True)
class AuditedVersion:
    """A version of a table that an audit has checked, and the fingerprint of the suite that it checked."""

    table: str
    version: int | None
    suite: str


class LakeState:
    """Reads the state of one lakehouse.

    Args:
        s3: the address of the bucket and its credentials.

    Every method raises TransientError or ConfigurationError if the object store does not answer.
    """

    def __init__(self, s3: S3Settings) -> None:
        self.objects = ObjectStore.open(s3)
        self._tables = TableStore(s3)

    def open_tables(self, tables: Sequence[Table]) -> list[TableState]:
        """Return the newest versions of tables, which are opened concurrently.

        Raises:
            TableNotFoundError: one of them has not been created.
        """
        with ThreadPoolExecutor(max_workers=len(tables)) as pool:
            return list(pool.map(self._open, tables))

    def count_change_files(self, table: Table, version: int) -> int:
        """Return how many files of its change feed a commit has added; -1 if the log no longer has it."""
        body = self.objects.read(f"{table_key(table)}/_delta_log/{version:020}.json")
        return -1 if body is None else sum("cdc" in json.loads(line) for line in body.splitlines())

    def read_published(self, table: Table) -> PublishedVersion:
        """Return the published version of a batch table."""
        return PublishedVersion.parse(self.objects.read(published_version.key(table)))

    def find_audited(self, run_id: str | None) -> frozenset[AuditedVersion]:
        """Return the versions that a run has audited. Reads the files of quality.results that can name it."""
        results = time_travel.table_at(self._tables, QUALITY_RESULTS)
        columns = ("table", "version", "suite")
        try:
            rows = results.log.scan(columns=list(columns), predicate=f"run_id = '{run_id}'").read_all()
        except (DeltaError, OSError) as error:
            raise object_store_unavailable(error, where=self._tables.table_url(QUALITY_RESULTS)) from None
        values: list[Any] = [rows[name].to_pylist() for name in columns]
        return frozenset(AuditedVersion(*row) for row in zip(*values, strict=True))

    def checkpoint(self, name: str) -> Checkpoint:
        """Return the checkpoint of one streaming query."""
        return stored_checkpoint(self.objects, name)

    def list_landed(self) -> list[str]:
        """Return the keys of all landing objects."""
        return self.objects.list_keys(f"{landing_object.FOLDER}/")

    def _open(self, table: Table) -> TableState:
        newest = time_travel.table_at(self._tables, table)
        return TableState(table, str(newest.log.metadata().id), newest.number, frozenset(newest.columns))
