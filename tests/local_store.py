"""A table store whose bucket is a local folder, for tests of Delta logs and rows without a server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from arro3.core import Array, DataType, Field, Schema, Table
from deltalake import DeltaTable, write_deltalake

from foundation.object_store import StoredObject
from lakehouse.catalog.tables import Table as Named
from lakehouse.query.table_store import TableStore

_SCHEMA = Schema([Field("unique_id", DataType.utf8()), Field("number", DataType.int64())])
State = dict[str, int]


class LocalStore(TableStore):
    """Tables in a folder.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def table_url(self, table: Named) -> str:
        """Return a table's folder."""
        return str(self._root / table.layer / table.name)

    @property
    def storage_options(self) -> dict[str, str]:
        """No options are needed."""
        return {}

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the files whose paths in the folder start with a prefix."""
        for path in sorted(self._root.rglob("*")):
            key = str(path.relative_to(self._root))
            if path.is_file() and key.startswith(prefix):
                yield StoredObject(key, datetime.fromtimestamp(path.stat().st_mtime, UTC))

    def key(self, url: str) -> str:
        """Return a file's path in the folder."""
        return str(Path(url.removeprefix("file://")).relative_to(self._root))


def write(store: LocalStore, table: Named, states: list[State], *, change_feed: bool) -> None:
    """Create a table whose version n is the n-th state, by one merge per state."""
    path = store.table_url(table)
    Path(path).mkdir(parents=True)
    configuration: dict[str, str | None] = {"delta.enableChangeDataFeed": str(change_feed).lower()}
    write_deltalake(path, _rows(states[0]), configuration=configuration)
    for state in states[1:]:
        merger = DeltaTable(path).merge(
            _rows(state), "old.unique_id = new.unique_id", source_alias="new", target_alias="old"
        )
        merger = merger.when_matched_update_all("old.number <> new.number").when_not_matched_insert_all()
        merger.when_not_matched_by_source_delete().execute()


def _rows(state: State) -> Table:
    columns = [Array(list(state), DataType.utf8()), Array(list(state.values()), DataType.int64())]
    return Table.from_arrays(columns, schema=_SCHEMA)
