"""`pinlake maintain`: small files joined, old ones removed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pinlake.cli.sole_writer import Wait, sole_writer
from pinlake.errors import UsageError

if TYPE_CHECKING:
    from lakehouse.maintenance import Upkeep
    from lakehouse.tables import Table


def maintain(
    table: Annotated[str | None, typer.Argument(help="Such as silver.pins_batch; default: all.")] = None,
    keep_days: Annotated[int, typer.Option(min=7, help="For how many days past versions stay readable.")] = 7,
    wait: Wait = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a table.")] = False,
) -> None:
    """Join the small files of the tables and remove those that only versions older than a week need.

    The batch lane's steps must not be at work meanwhile; the stream may. A table whose newest version is
    not published keeps all of its files.

    Example: pinlake maintain silver.pins_batch
    """
    from lakehouse import maintenance, session, warehouse
    from pinlake import leases

    chosen = _chosen(table)
    with (
        sole_writer("maintain", [leases.BRONZE, leases.SILVER, leases.GOLD], wait=wait) as settings,
        Console(stderr=True, highlight=False).status("starting Spark") as line,
    ):
        spark = session.build(settings, app="pinlake maintain")
        try:
            for each in chosen:
                line.update(each.full_name)
                place = warehouse.of(settings).tables
                done = maintenance.maintain(spark, each, warehouse=place, keep_days=keep_days)
                if done:
                    _print(done, as_json=as_json)
        finally:
            session.stop(spark)


def _chosen(name: str | None) -> tuple[Table, ...]:
    from lakehouse.tables import TABLES

    chosen = tuple(table for table in TABLES if name in (None, table.full_name))
    if not chosen:
        names = ", ".join(table.full_name for table in TABLES)
        raise UsageError(f"no table {name}", where="maintain", mend=f"There are: {names}.")
    return chosen


def _print(done: Upkeep, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(done)))
        return
    vacuumed = "old ones removed" if done.vacuumed else "none removed: its newest version is not published"
    print(f"{done.table}: {done.joined} small files joined into {done.into}, {vacuumed}")
