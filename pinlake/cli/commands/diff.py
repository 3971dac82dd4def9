"""`pinlake diff`: what became of a table between two of its versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli import row_output as rows
from pinlake.cli.reader import open_store

if TYPE_CHECKING:
    from lakehouse.query.diff import RowDiff, TableDiff


def diff(
    table: Annotated[str, typer.Argument(help="Such as silver.pins_batch.")],
    since: Annotated[str, typer.Option("--from", help="A version, or a time (UTC).")],
    until: Annotated[str | None, typer.Option("--to", help="The same; default: the newest version.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Columns that identify a row, as a,b; default: the table's own.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many rows to show of each kind.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Compare two versions of a table: how many rows were added, removed and changed, and the first of them.

    Example: pinlake diff silver.pins_batch --from 3 --to "2026-01-31 12:00"
    """
    from foundation import settings as settings_module
    from lakehouse.catalog import tables
    from lakehouse.query import time_travel
    from lakehouse.query.diff import compare_versions

    chosen = tables.find_table(table, where="diff")
    begin = time_travel.parse_moment(since, where="--from")
    end = time_travel.parse_moment(until, where="--to") if until is not None else None
    store = open_store(settings_module.load())
    old, new = time_travel.table_at(store, chosen, begin), time_travel.table_at(store, chosen, end)
    columns = [name.strip() for name in key.split(",")] if key else ()
    found = compare_versions(old, new, key=columns, limit=limit)
    if as_json:
        print(rows.as_json(asdict(found)))
    else:
        print_counts(found)
        for row in found.rows:
            _print(row)


def print_counts(found: TableDiff) -> None:
    """Print how many rows differ."""
    print(f"{found.table} from version {found.old} to version {found.new}, by {found.source}:")
    print(f"{found.added:,} rows added, {found.removed:,} removed, {found.changed:,} changed")


def _print(row: RowDiff) -> None:
    console = output.console(markup=False)
    console.print(
        f"\n{row.kind}  " + ", ".join(f"{name} {rows.text(value)}" for name, value in row.key.items())
    )
    for name, value in row.values.items():
        if row.kind == "changed":
            console.print(f"  {name}: {_shown(value['old'])} -> {_shown(value['new'])}")
        elif value is not None:
            console.print(f"  {name}: {rows.text(value)}")


def _shown(value: object) -> str:
    return "null" if value is None else rows.text(value)
