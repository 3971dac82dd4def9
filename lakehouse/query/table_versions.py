"""A table opened as it was at a moment, and what can still be asked of it."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from tenacity import Retrying, retry_if_exception_type, retry_if_not_exception_type, stop_after_attempt

from foundation.errors import UsageError, store_away
from lakehouse.catalog import errors
from lakehouse.catalog.tables import Table
from lakehouse.query.table_reader import Store
from lakehouse.query.time_travel import Moment

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LOGGED = re.compile(r"_delta_log/(\d{20})\.(json|checkpoint\.)")
# A store on a file system may list a growing log with a gap: it is asked again.
_OPENING = Retrying(
    retry=retry_if_exception_type(DeltaError) & retry_if_not_exception_type(TableNotFoundError),
    stop=stop_after_attempt(3),
    reraise=True,
)


@dataclass(frozen=True)
class Version:
    """One version of a table.

    Attributes:
        store: where it is.
        table: whose.
        log: its state, from the log alone.
    """

    store: Store
    table: Table
    log: DeltaTable

    @property
    def number(self) -> int:
        """The version's number."""
        return self.log.version()

    @property
    def columns(self) -> list[str]:
        """Its columns, in order."""
        return [field.name for field in self.log.schema().fields]

    def fill(
        self,
        connection: DuckDBPyConnection,
        name: str,
        *,
        columns: list[str] | None = None,
        predicate: str | None = None,
    ) -> None:
        """Read its rows into a table of DuckDB's.

        Args:
            connection: to the database.
            name: the table to make.
            columns: those to be read; None for all.
            predicate: which rows, in DataFusion's SQL; files that cannot hold any are skipped.

        Raises:
            UsageError: files of this version have been vacuumed.
            TransientError: the store does not answer.
        """
        import duckdb  # history gets by without

        from lakehouse.query import duckdb_connection as duck

        try:
            duck.fill(connection, name, self.log.scan(columns=columns, predicate=predicate))
        except (duckdb.Error, DeltaError, OSError) as error:
            if "not found" in str(error).lower():
                raise gone(self.store, self.table, self.number) from None
            raise store_away(error, where=self.store.address(self.table)) from None


def open_at(store: Store, table: Table, moment: Moment | None = None) -> Version:
    """Open a table from its log; none of its rows is read.

    Args:
        store: where it is.
        table: the table.
        moment: a version, or a time, at which the newest version until then is meant; None for the newest.

    Raises:
        UsageError: nothing has been written yet, or there is no such version.
        TransientError: the store does not answer.
    """
    newest = _open(store, table)
    if moment is None or moment == newest.version():
        return Version(store, table, newest)
    if isinstance(moment, datetime):
        return Version(store, table, _at(store, table, moment))
    if moment > newest.version():
        raise _no_version(store, table, moment)
    return Version(store, table, _open(store, table, moment))


def span(store: Store, table: Table) -> tuple[int, int]:
    """Return the oldest version of which every file is there, and the newest.

    Lists the table's folder once, and opens some log2(n) versions of its log.
    """
    folder = store.key(store.address(table))
    there = {found.key for found in store.listed(f"{folder}/")}
    logged = [int(match[1]) for key in there if (match := _LOGGED.search(key))]
    newest = _open(store, table).version()
    candidates = range(min(logged, default=newest), newest + 1)
    return candidates[
        bisect_left(candidates, True, key=lambda version: _is_whole(store, table, version, there))
    ], newest


def gone(store: Store, table: Table, version: int) -> UsageError:
    """Return the error of a version whose files have been removed."""
    oldest, newest = span(store, table)
    known = f"Versions {oldest} to {newest}" if oldest < newest else f"Version {newest}"
    return UsageError(
        f"version {version} of {table.full_name} is gone: its files have been vacuumed",
        where=store.address(table),
        hint=f"{known} can be read.",
    )


def _is_whole(store: Store, table: Table, version: int, there: set[str]) -> bool:
    try:
        found = DeltaTable(store.address(table), version=version, storage_options=store.options)
    except DeltaError:
        return False
    return {store.key(uri) for uri in found.file_uris()} <= there


def _open(store: Store, table: Table, version: int | None = None) -> DeltaTable:
    address = store.address(table)
    try:
        return _OPENING(DeltaTable, address, version=version, storage_options=store.options)
    except TableNotFoundError:
        raise errors.TableNotFoundError(table, where=address) from None
    except DeltaError as error:
        if version is None:
            raise store_away(error, where=address) from None
        raise _no_version(store, table, version) from None
    except OSError as error:
        raise store_away(error, where=address) from None


def _at(store: Store, table: Table, moment: datetime) -> DeltaTable:
    found = _open(store, table)
    found.load_as_version(moment)
    # For a time before the first commit it loads that one; what it tells as history is the newest version's.
    commit = f"{store.key(store.address(table))}/_delta_log/{found.version():020}.json"
    first = next((listed.at for listed in store.listed(commit)), moment)
    if first > moment:
        raise UsageError(
            f"{table.full_name} has no version as old as {moment:%Y-%m-%d %H:%M:%S} UTC",
            where=store.address(table),
            hint=f"Its first commit is of {first:%Y-%m-%d %H:%M:%S} UTC: ask for that time or a later one.",
        )
    return found


def _no_version(store: Store, table: Table, version: int) -> UsageError:
    oldest, newest = span(store, table)
    return UsageError(
        f"{table.full_name} has no version {version}",
        where=store.address(table),
        hint=f"There are {oldest} to {newest}; `pinlake history {table.full_name}` lists them.",
    )
