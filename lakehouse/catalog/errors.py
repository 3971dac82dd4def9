"""Errors of tables that cannot be read yet."""

from __future__ import annotations

from foundation.errors import UsageError
from lakehouse.catalog.tables import Table


class TableNotFoundError(UsageError):
    """The table has not been written yet.

    Args:
        table: the table.
        where: its address.
    """

    def __init__(self, table: Table, *, where: str) -> None:
        super().__init__(
            f"table {table.full_name} has no data yet",
            where=where,
            hint="Run its lane first: `pinlake --help` lists the steps.",
        )


class NotPublishedError(UsageError):
    """The table has no version that readers may see yet.

    Args:
        table: the table.
        where: its address.
    """

    def __init__(self, table: Table, *, where: str) -> None:
        super().__init__(
            f"no version of {table.full_name} has been published",
            where=where,
            hint="Run its step until its suite passes, or read it with --unpublished.",
        )
