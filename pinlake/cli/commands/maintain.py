"""`pinlake maintain`: small files joined, old ones removed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal

from foundation.errors import UsageError
from pinlake.cli import console as output
from pinlake.cli.spark_session import working_spark
from pinlake.cli.write_lock import Wait, sole_writer

if TYPE_CHECKING:
    from lakehouse.catalog.tables import Table
    from lakehouse.operations.maintenance import MaintenanceResult, TableSize


def maintain(
    table: Annotated[str | None, typer.Argument(help="Such as silver.pins_batch; default: all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is to be done, do nothing.")] = False,
    wait: Wait = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a table.")] = False,
) -> None:
    """Join the small files of the tables, where that pays, and remove those of versions past their retention.

    Files that a step of the batch lane, or a reader of the published version, still needs are kept, and it is
    said who needs them. The batch lane's steps must not be at work meanwhile, unless it only says what is to
    be done; the stream may.

    Example: pinlake maintain silver.pins_batch --dry-run
    """
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.delta.locks import table_locks
    from lakehouse.operations import maintenance

    chosen, done = _chosen(table), []
    names = () if dry_run else table_locks.BATCH_LOCKS
    with (
        sole_writer("maintain", names, wait=wait) as settings,
        working_spark(settings, app="pinlake maintain") as (spark, line),
    ):
        for each in chosen:
            line.update(each.full_name)
            found = maintenance.maintain(DeltaLake.of(spark, settings), each, dry_run=dry_run)
            done += [found] if found else []
    if as_json:
        for found in done:
            print(json.dumps(asdict(found)))
    else:
        _print(done, dry_run=dry_run)


def _chosen(name: str | None) -> tuple[Table, ...]:
    from lakehouse.catalog.tables import TABLES

    chosen = tuple(table for table in TABLES if name in (None, table.full_name))
    if not chosen:
        names = ", ".join(table.full_name for table in TABLES)
        raise UsageError(f"no table {name}", where="maintain", hint=f"There are: {names}.")
    return chosen


def _print(done: list[MaintenanceResult], *, dry_run: bool) -> None:
    joined, removed = ("to join", "to remove") if dry_run else ("joined", "removed")
    figures = ("files", "of the newest version", joined, "all files", "in all", removed)
    shown = output.table("table", numbers=figures)
    for found in done:
        shown.add_row(found.table, *_cells(found))
    console = output.console()
    console.print(shown)
    for found in done:
        for reason in found.held_back:
            console.print(f"{found.table}: {reason}")


def _cells(found: MaintenanceResult) -> tuple[str, ...]:
    old = found.before
    new: TableSize = found.after or old
    return (
        _change(str(old.files), str(new.files)),
        _change(decimal(old.bytes), decimal(new.bytes)),
        str(found.joined),
        _change(str(old.stored_files), str(new.stored_files)),
        _change(decimal(old.stored_bytes), decimal(new.stored_bytes)),
        str(found.removed),
    )


def _change(old: str, new: str) -> str:
    return old if old == new else f"{old} to {new}"
