"""`pinlake restore`: makes an older version of a table its newest."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import row_output as rows
from pinlake.cli.commands.diff import print_counts
from pinlake.cli.commands.quality import printing_failures
from pinlake.cli.options import AsJson, TableName, Wait, Yes, require_yes
from pinlake.cli.spark_session import short_spark_session
from pinlake.cli.write_lock import write_lock

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.catalog.tables import Table
    from lakehouse.operations.restore_plan import RestorePlan


def restore(
    table: TableName,
    to: Annotated[str, typer.Option("--to", help="A version, or a time (UTC).")],
    yes: Yes = False,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Restore an older state of a table as a new version; show the differences and ask first.

    Holds the leases of the steps that write the table. Fails if a step that streams from the table could not
    continue. For tables of the batch lane, readers see the new version after it has passed its suite. --json
    needs --yes.

    Example: pinlake restore silver.pins_batch --to 12
    """
    from foundation import settings as settings_module
    from lakehouse.catalog import tables
    from lakehouse.delta.locks import table_locks
    from lakehouse.operations import restore_plan as restoring
    from lakehouse.query import time_travel
    from lakehouse.query.table_store import TableStore

    selected = tables.find_table(table, where="restore")
    target = time_travel.parse_moment(to, where="--to")
    require_yes(yes, as_json=as_json, where="restore")
    # A wrong version must be reported at once, not after waiting for another writer.
    time_travel.table_at(TableStore(settings_module.load().s3), selected, target)
    with write_lock("restore", table_locks.locks_of(selected), wait=wait) as settings:
        plan = restoring.plan_restore(TableStore(settings.s3), selected, target)
        if not as_json:
            _show(plan)
        if not yes:
            typer.confirm("Restore it?", abort=True, err=True)
        version, published = _restore(settings, selected, plan.difference.new)
    if as_json:
        data = {**asdict(plan.difference), "notes": plan.notes, "version": version, "published": published}
        print(rows.as_json(data))
        return
    print(f"{selected.full_name} version {version} has the content of version {plan.difference.new}.")
    if published is not None:
        print(f"Readers see version {published}.")


def _restore(settings: Settings, table: Table, version: int) -> tuple[int, int | None]:
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.operations import restore as restores

    with short_spark_session(settings, app="pinlake restore", status=f"restoring {table.full_name}") as spark:
        lake = DeltaLake.of(spark, settings)
        new_version = restores.restore(lake, table, version)
        with printing_failures():
            return new_version, restores.publish_restored(lake, table)


def _show(plan: RestorePlan) -> None:
    print_counts(plan.difference)
    for note in plan.notes:
        print(f"Note: {note}.")
