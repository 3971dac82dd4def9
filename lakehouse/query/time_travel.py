"""Time travel: a table opened at a version or a time, and the versions that can still be read."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from tenacity import Retrying, retry_if_exception_type, retry_if_not_exception_type, stop_after_attempt

from foundation.errors import UsageError
from foundation.object_store import object_store_unavailable
from lakehouse.catalog import errors
from lakehouse.catalog.tables import Table
from lakehouse.query.table_store import TableStore

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# A version, or a time.
Moment = int | datetime
_LARGEST_VERSION = 2**63 - 1
_LOG_FILE = re.compile(r"_delta_log/(\d{20})\.(json|checkpoint\.)")
# A store on a file system may list a growing log with a gap, so opening is tried again.
_OPENING = Retrying(
    retry=retry_if_exception_type(DeltaError) & retry_if_not_exception_type(TableNotFoundError),
    stop=stop_after_attempt(3),
    reraise=True,
)


@dataclass(frozen=True)
class TableVersion:
    """One version of a table.

    Attributes:
        store: the bucket of the table.
        table: the table.
        log: the state of the table at this version, as its log describes it.
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
        """The names of its columns, in order."""
        return [field.name for field in self.log.schema().fields]

    def load_into(
        self,
        connection: DuckDBPyConnection,
        name: str,
        *,
        columns: list[str] | None = None,
        predicate: str | None = None,
    ) -> None:
        """Load its rows into a new DuckDB table.

        Args:
            connection: the DuckDB database.
            name: the name of the new table.
            columns: the columns to read; None for all.
            predicate: which rows to read, in DataFusion's SQL; files that cannot contain any are skipped.

        Raises:
            UsageError: files of this version have been vacuumed.
            TransientError: the object store does not answer.
        """
        import duckdb  # imported here because `pinlake history` does not need it

        from lakehouse.query import duckdb_connection

        try:
            duckdb_connection.load_into(connection, name, self.log.scan(columns=columns, predicate=predicate))
        except (duckdb.Error, DeltaError, OSError) as error:
            if "not found" in str(error).lower():
                raise vacuumed_error(self.store, self.table, self.number) from None
            raise object_store_unavailable(error, where=self.store.table_url(self.table)) from None


def parse_moment(text: str, *, where: str) -> Moment:
    """Return the version or the time (in UTC) that a text names.

    Args:
        text: digits, or a date and time in ISO 8601; without an offset it is UTC.
        where: the option or clause that contains the text, for the error.

    Raises:
        UsageError: the text is neither a version nor a time.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and int(text) <= _LARGEST_VERSION:
        return int(text)
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is neither a version nor a time",
            where=where,
            hint="Give a version such as 12, or a time such as '2026-01-31 12:00' (UTC).",
        ) from None


def table_at(store: TableStore, table: Table, moment: Moment | None = None) -> TableVersion:
    """Open a version of a table from its log, without reading rows.

    Args:
        store: the bucket of the table.
        table: the table.
        moment: a version, or a time, which means the newest version up to then; None for the newest version.

    Raises:
        UsageError: the table has no data yet, or the version does not exist.
        TransientError: the object store does not answer.
    """
    newest = _open(store, table)
    if moment is None or moment == newest.version():
        return TableVersion(store, table, newest)
    if isinstance(moment, datetime):
        return TableVersion(store, table, _open_at_time(store, table, moment))
    if moment > newest.version():
        raise _no_version(store, table, moment)
    return TableVersion(store, table, _open(store, table, moment))


def readable_versions(store: TableStore, table: Table) -> tuple[int, int]:
    """Return the oldest version whose files all exist, and the newest version.

    Costs one listing of the table's folder, and opening about log2(n) versions of its log.
    """
    folder = store.key(store.table_url(table))
    keys = {stored.key for stored in store.list_objects(f"{folder}/")}
    logged = [int(match[1]) for key in keys if (match := _LOG_FILE.search(key))]
    newest = _open(store, table).version()
    candidates = range(min(logged, default=newest), newest + 1)
    return candidates[
        bisect_left(candidates, True, key=lambda version: _is_complete(store, table, version, keys))
    ], newest


def vacuumed_error(store: TableStore, table: Table, version: int) -> UsageError:
    """Return the error for a version whose files have been removed."""
    oldest, newest = readable_versions(store, table)
    readable = f"Versions {oldest} to {newest}" if oldest < newest else f"Version {newest}"
    return UsageError(
        f"version {version} of {table.full_name} is gone: its files have been vacuumed",
        where=store.table_url(table),
        hint=f"{readable} can be read.",
    )


def _is_complete(store: TableStore, table: Table, version: int, keys: set[str]) -> bool:
    try:
        delta_table = DeltaTable(
            store.table_url(table), version=version, storage_options=store.storage_options
        )
    except DeltaError:
        return False
    return {store.key(uri) for uri in delta_table.file_uris()} <= keys


def _open(store: TableStore, table: Table, version: int | None = None) -> DeltaTable:
    url = store.table_url(table)
    try:
        return _OPENING(DeltaTable, url, version=version, storage_options=store.storage_options)
    except TableNotFoundError:
        raise errors.TableNotFoundError(table, where=url) from None
    except DeltaError as error:
        if version is None:
            raise object_store_unavailable(error, where=url) from None
        raise _no_version(store, table, version) from None
    except OSError as error:
        raise object_store_unavailable(error, where=url) from None


def _open_at_time(store: TableStore, table: Table, time: datetime) -> DeltaTable:
    delta_table = _open(store, table)
    delta_table.load_as_version(time)
    # For a time before the first commit delta-rs loads that commit; its history is the newest version's.
    commit = f"{store.key(store.table_url(table))}/_delta_log/{delta_table.version():020}.json"
    first = next((stored.at for stored in store.list_objects(commit)), time)
    if first > time:
        raise UsageError(
            f"{table.full_name} has no version as old as {time:%Y-%m-%d %H:%M:%S} UTC",
            where=store.table_url(table),
            hint=f"Its first commit is of {first:%Y-%m-%d %H:%M:%S} UTC: give that time or a later one.",
        )
    return delta_table


def _no_version(store: TableStore, table: Table, version: int) -> UsageError:
    oldest, newest = readable_versions(store, table)
    return UsageError(
        f"{table.full_name} has no version {version}",
        where=store.table_url(table),
        hint=f"There are {oldest} to {newest}; `pinlake history {table.full_name}` lists them.",
    )
