"""`pinlake maintain`: joins small files and removes old ones."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal

from foundation.errors import UsageError
from pinlake.cli import console as output
from pinlake.cli.options import AsJson, Wait
from pinlake.cli.spark_session import spark_session
from pinlake.cli.write_lock import write_lock

if TYPE_CHECKING:
    from lakehouse.catalog.tables import Table
    from lakehouse.operations.maintenance import MaintenanceResult, TableSize


def maintain(
    table: Annotated[
        str | None, typer.Argument(help="A table, e.g. silver.pins_batch; default: all.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done.")] = False,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Join small files of the tables where that pays, and remove files of versions past their retention.

    With PINLAKE_STREAM_HISTORY_DAYS it first removes the events that are older from the history, except the
    newest of each pin.

    Keeps files that a step of the batch lane or a reader of the published version still needs, and prints who
    needs them. Steps of the batch lane may not run meanwhile, except with --dry-run; the stream may.

    Example: pinlake maintain silver.pins_batch --dry-run
    """
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.delta.locks import table_locks
    from lakehouse.operations import maintenance

    tables, results = _select_tables(table), []
    names = () if dry_run else table_locks.BATCH_LOCKS
    with (
        write_lock("maintain", names, wait=wait) as settings,
        spark_session(settings, app="pinlake maintain") as (spark, line),
    ):
        for each in tables:
            line.update(each.full_name)
            days = settings.stream.history_days if each.is_history else None
            lake = DeltaLake.of(spark, settings)
            result = maintenance.maintain(lake, each, history_days=days, dry_run=dry_run)
            results += [result] if result else []
    if as_json:
        for result in results:
            print(json.dumps(asdict(result)))
    else:
        _print(results, dry_run=dry_run)


def _select_tables(name: str | None) -> tuple[Table, ...]:
    from lakehouse.catalog.tables import TABLES

    tables = tuple(table for table in TABLES if name in (None, table.full_name))
    if not tables:
        names = ", ".join(table.full_name for table in TABLES)
        raise UsageError(f"no table {name}", where="maintain", hint=f"The tables are: {names}.")
    return tables


def _print(results: list[MaintenanceResult], *, dry_run: bool) -> None:
    joined, removed = ("to join", "to remove") if dry_run else ("joined", "removed")
    figures = ("files", "of the newest version", joined, "all files", "in all", removed)
    shown = output.table("table", numbers=figures)
    for result in results:
        shown.add_row(result.table, *_cells(result))
    console = output.console()
    console.print(shown)
    for result in results:
        if result.expired:
            console.print(f"{result.table}: {result.expired:,} superseded events {removed}")
        for reason in result.held_back:
            console.print(f"{result.table}: {reason}")


def _cells(result: MaintenanceResult) -> tuple[str, ...]:
    old = result.before
    new: TableSize = result.after or old
    return (
        _change(str(old.files), str(new.files)),
        _change(decimal(old.bytes), decimal(new.bytes)),
        str(result.joined),
        _change(str(old.stored_files), str(new.stored_files)),
        _change(decimal(old.stored_bytes), decimal(new.stored_bytes)),
        str(result.removed),
    )


def _change(old: str, new: str) -> str:
    return old if old == new else f"{old} to {new}"
