"""`pinlake restore`: an older version of a table made its newest."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import row_output as rows
from pinlake.cli.commands.diff import print_counts
from pinlake.cli.commands.quality import telling_failures
from pinlake.cli.reader import open_store
from pinlake.cli.spark_session import asking_spark
from pinlake.cli.write_lock import Wait, require_yes, sole_writer

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.catalog.tables import Table
    from lakehouse.operations.restore_plan import RestorePlan


def restore(
    table: Annotated[str, typer.Argument(help="Such as silver.pins_batch.")],
    to: Annotated[str, typer.Option("--to", help="A version, or a time (UTC).")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Wait = 0.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON and nothing else; needs --yes.")
    ] = False,
) -> None:
    """Bring a table back to what it was, as a new version; show what that means and ask first.

    Holds the leases of the steps that write the table. It is refused if a step that reads the table as a
    stream could not go on. Of the batch lane's tables readers see it once it has passed its suite.

    Example: pinlake restore silver.pins_batch --to 12
    """
    from foundation import settings as settings_module
    from lakehouse.catalog import tables
    from lakehouse.delta.locks import table_locks
    from lakehouse.operations import restore_plan as restoring
    from lakehouse.query import time_travel

    chosen = tables.find_table(table, where="restore")
    target = time_travel.parse_moment(to, where="--to")
    require_yes(yes, as_json=as_json, where="restore")
    # A wrong version is told at once, not after having waited for another writer.
    time_travel.table_at(open_store(settings_module.load()), chosen, target)
    with sole_writer("restore", table_locks.locks_of(chosen), wait=wait) as settings:
        plan = restoring.plan_restore(open_store(settings), chosen, target)
        if not as_json:
            _show(plan)
        if not yes:
            typer.confirm("Restore it?", abort=True, err=True)
        done, seen = _restore(settings, chosen, plan.difference.new)
    if as_json:
        told = {**asdict(plan.difference), "notes": plan.notes, "version": done, "published": seen}
        print(rows.as_json(told))
        return
    print(f"{chosen.full_name} is at version {done} what it was at version {plan.difference.new}.")
    if seen is not None:
        print(f"Readers see version {seen}.")


def _restore(settings: Settings, table: Table, version: int) -> tuple[int, int | None]:
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.operations import restore as restores

    with asking_spark(settings, app="pinlake restore", status=f"restoring {table.full_name}") as spark:
        lake = DeltaLake.of(spark, settings)
        done = restores.restore(lake, table, version)
        with telling_failures():
            return done, restores.publish_restored(lake, table)


def _show(plan: RestorePlan) -> None:
    print_counts(plan.difference)
    for note in plan.notes:
        print(f"Note: {note}.")
