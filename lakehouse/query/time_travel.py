"""A table opened as it was at a moment, and what can still be asked of it."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from tenacity import Retrying, retry_if_exception_type, retry_if_not_exception_type, stop_after_attempt

from foundation.errors import UsageError, store_away
from lakehouse.catalog import errors
from lakehouse.catalog.tables import Table
from lakehouse.query.table_reader import TableStore

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Moment = int | datetime
_LARGEST = 2**63 - 1  # Delta's versions
_LOGGED = re.compile(r"_delta_log/(\d{20})\.(json|checkpoint\.)")
# A store on a file system may list a growing log with a gap: it is asked again.
_OPENING = Retrying(
    retry=retry_if_exception_type(DeltaError) & retry_if_not_exception_type(TableNotFoundError),
    stop=stop_after_attempt(3),
    reraise=True,
)


@dataclass(frozen=True)
class TableVersion:
    """One version of a table.

    Attributes:
        store: where it is.
        table: whose.
        log: its state, from the log alone.
    """

    store: TableStore
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

    def load_into(
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

        from lakehouse.query import duckdb_connection

        try:
            duckdb_connection.load_into(connection, name, self.log.scan(columns=columns, predicate=predicate))
        except (duckdb.Error, DeltaError, OSError) as error:
            if "not found" in str(error).lower():
                raise vacuumed_error(self.store, self.table, self.number) from None
            raise store_away(error, where=self.store.table_url(self.table)) from None


def parse_moment(text: str, *, where: str) -> Moment:
    """Return a version, or a time in UTC.

    Args:
        text: digits, or a date and time in ISO 8601; without an offset it is UTC.
        where: what has been given it, for the error.

    Raises:
        UsageError: neither.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and int(text) <= _LARGEST:
        return int(text)
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is neither a version nor a time",
            where=where,
            hint="Give a version such as 12, or a time such as '2026-01-31 12:00' (UTC).",
        ) from None


def table_at(store: TableStore, table: Table, moment: Moment | None = None) -> TableVersion:
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
        return TableVersion(store, table, newest)
    if isinstance(moment, datetime):
        return TableVersion(store, table, _at(store, table, moment))
    if moment > newest.version():
        raise _no_version(store, table, moment)
    return TableVersion(store, table, _open(store, table, moment))


def readable_versions(store: TableStore, table: Table) -> tuple[int, int]:
    """Return the oldest version of which every file is there, and the newest.

    Lists the table's folder once, and opens some log2(n) versions of its log.
    """
    folder = store.key(store.table_url(table))
    there = {found.key for found in store.list_objects(f"{folder}/")}
    logged = [int(match[1]) for key in there if (match := _LOGGED.search(key))]
    newest = _open(store, table).version()
    candidates = range(min(logged, default=newest), newest + 1)
    return candidates[
        bisect_left(candidates, True, key=lambda version: _is_whole(store, table, version, there))
    ], newest


def vacuumed_error(store: TableStore, table: Table, version: int) -> UsageError:
    """Return the error of a version whose files have been removed."""
    oldest, newest = readable_versions(store, table)
    known = f"Versions {oldest} to {newest}" if oldest < newest else f"Version {newest}"
    return UsageError(
        f"version {version} of {table.full_name} is gone: its files have been vacuumed",
        where=store.table_url(table),
        hint=f"{known} can be read.",
    )


def _is_whole(store: TableStore, table: Table, version: int, there: set[str]) -> bool:
    try:
        found = DeltaTable(store.table_url(table), version=version, storage_options=store.storage_options)
    except DeltaError:
        return False
    return {store.key(uri) for uri in found.file_uris()} <= there


def _open(store: TableStore, table: Table, version: int | None = None) -> DeltaTable:
    address = store.table_url(table)
    try:
        return _OPENING(DeltaTable, address, version=version, storage_options=store.storage_options)
    except TableNotFoundError:
        raise errors.TableNotFoundError(table, where=address) from None
    except DeltaError as error:
        if version is None:
            raise store_away(error, where=address) from None
        raise _no_version(store, table, version) from None
    except OSError as error:
        raise store_away(error, where=address) from None


def _at(store: TableStore, table: Table, moment: datetime) -> DeltaTable:
    found = _open(store, table)
    found.load_as_version(moment)
    # For a time before the first commit it loads that one; what it tells as history is the newest version's.
    commit = f"{store.key(store.table_url(table))}/_delta_log/{found.version():020}.json"
    first = next((listed.at for listed in store.list_objects(commit)), moment)
    if first > moment:
        raise UsageError(
            f"{table.full_name} has no version as old as {moment:%Y-%m-%d %H:%M:%S} UTC",
            where=store.table_url(table),
            hint=f"Its first commit is of {first:%Y-%m-%d %H:%M:%S} UTC: ask for that time or a later one.",
        )
    return found


def _no_version(store: TableStore, table: Table, version: int) -> UsageError:
    oldest, newest = readable_versions(store, table)
    return UsageError(
        f"{table.full_name} has no version {version}",
        where=store.table_url(table),
        hint=f"There are {oldest} to {newest}; `pinlake history {table.full_name}` lists them.",
    )
