"""`pinlake diff`: the differences between two versions of a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli import row_output as rows
from pinlake.cli.options import AsJson, TableName

if TYPE_CHECKING:
    from lakehouse.query.diff import RowDiff, TableDiff


def diff(
    table: TableName,
    since: Annotated[str, typer.Option("--from", help="A version, or a time (UTC).")],
    until: Annotated[
        str | None, typer.Option("--to", help="A version, or a time (UTC); default: newest.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Columns that identify a row, as a,b; default: key of the table.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many rows of each kind to show.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Compare two versions of a table: count added, removed and changed rows, and show the first ones.

    Example: pinlake diff silver.pins_batch --from 3 --to "2026-01-31 12:00"
    """
    from foundation import settings as settings_module
    from lakehouse.catalog import tables
    from lakehouse.query import time_travel
    from lakehouse.query.diff import compare_versions
    from lakehouse.query.table_store import TableStore

    selected = tables.find_table(table, where="diff")
    begin = time_travel.parse_moment(since, where="--from")
    end = time_travel.parse_moment(until, where="--to") if until is not None else None
    store = TableStore(settings_module.load().s3)
    old, new = time_travel.table_at(store, selected, begin), time_travel.table_at(store, selected, end)
    columns = [name.strip() for name in key.split(",")] if key else ()
    difference = compare_versions(old, new, key=columns, limit=limit)
    if as_json:
        print(rows.as_json(asdict(difference)))
    else:
        print_counts(difference)
        for row in difference.rows:
            _print(row)


def print_counts(difference: TableDiff) -> None:
    """Print how many rows differ."""
    versions = f"from version {difference.old} to version {difference.new}"
    print(f"{difference.table} {versions}, by {difference.source}:")
    print(f"{difference.added:,} rows added, {difference.removed:,} removed, {difference.changed:,} changed")


def _print(row: RowDiff) -> None:
    console = output.console(markup=False)
    console.print(
        f"\n{row.kind}  " + ", ".join(f"{name} {rows.text(value)}" for name, value in row.key.items())
    )
    for name, value in row.values.items():
        if row.kind == "changed":
            console.print(f"  {name}: {_format(value['old'])} -> {_format(value['new'])}")
        elif value is not None:
            console.print(f"  {name}: {rows.text(value)}")


def _format(value: object) -> str:
    return "null" if value is None else rows.text(value)
