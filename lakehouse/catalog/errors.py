"""Errors of tables of which there is nothing to be read yet."""

from __future__ import annotations

from foundation.errors import UsageError
from lakehouse.catalog.tables import Table


class NoData(UsageError):
    """Nobody has written the table yet."""


def no_data(table: Table, *, where: str) -> NoData:
    """Return the error of a table that nobody has written yet."""
    return NoData(
        f"table {table.full_name} has no data yet",
        where=where,
        hint="Run its lane first: `pinlake --help` lists the steps.",
    )


def not_published(table: Table, *, where: str) -> UsageError:
    """Return the error of a table of which readers must not see any version yet."""
    return UsageError(
        f"no version of {table.full_name} has been published",
        where=where,
        hint="Run its step until its suite passes, or ask with --unpublished.",
    )
