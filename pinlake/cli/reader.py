"""Access to the tables for commands that read without Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.query.table_reader import TableStore


def open_store(settings: Settings) -> TableStore:
    """Return the table store of the settings; nothing is asked before it is used."""
    from lakehouse.query.table_reader import TableStore

    return TableStore(settings.s3)
