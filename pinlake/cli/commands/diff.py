"""`pinlake diff`: what became of a table between two of its versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli import row_output as rows
from pinlake.cli.reader import open_store

if TYPE_CHECKING:
    from lakehouse.query.diff import Difference, Row


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
    from lakehouse.query import diff as differences
    from lakehouse.query import table_versions as versions
    from lakehouse.query import time_travel as moment

    chosen = tables.find_table(table, where="diff")
    begin = moment.parse(since, where="--from")
    end = moment.parse(until, where="--to") if until is not None else None
    store = open_store(settings_module.load())
    old, new = versions.open_at(store, chosen, begin), versions.open_at(store, chosen, end)
    columns = [name.strip() for name in key.split(",")] if key else ()
    found = differences.between(old, new, key=columns, limit=limit)
    if as_json:
        print(rows.as_json(asdict(found)))
    else:
        print_counts(found)
        for row in found.rows:
            _print(row)


def print_counts(found: Difference) -> None:
    """Print how many rows differ."""
    print(f"{found.table} from version {found.old} to version {found.new}, by {found.source}:")
    print(f"{found.added:,} rows added, {found.removed:,} removed, {found.changed:,} changed")


def _print(row: Row) -> None:
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
