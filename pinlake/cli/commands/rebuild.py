"""`pinlake rebuild`: past days of the batch lane computed anew, compared, and published if asked to."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from foundation.errors import UsageError
from pinlake.cli import console as output
from pinlake.cli.commands.quality import telling_failures
from pinlake.cli.spark_session import working_spark
from pinlake.cli.write_lock import Wait, sole_writer

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.operations.rebuild.changes import ChangedRow, TableChanges
    from lakehouse.operations.rebuild.run import RebuildRequest, RebuildSummary

_DAY = ["%Y-%m-%d"]


def rebuild(
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, metavar="DAY", help="First day, UTC.")],
    last: Annotated[datetime, typer.Option("--to", formats=_DAY, metavar="DAY", help="Last day, included.")],
    lane: Annotated[str, typer.Option(help="Only batch can be rebuilt.")] = "batch",
    publish: Annotated[bool, typer.Option("--publish", help="Write what differs, and publish it.")] = False,
    limit: Annotated[
        int, typer.Option(min=0, max=1000, help="How many changed rows of a table to show.")
    ] = 5,
    wait: Wait = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Compute silver and gold of past days anew from bronze, with the code and the suites of today.

    Prints what differs, and changes nothing without --publish. The stream may run meanwhile; with --publish
    the batch lane's steps may not. Cut off anywhere, it may be run again.

    Example: pinlake rebuild --from 2026-01-30 --to 2026-01-31
    """
    _require_batch(lane)
    if last < first:
        raise UsageError("--to lies before --from", where="rebuild", hint="Give the earlier day as --from.")

    from lakehouse.delta.locks import table_locks
    from lakehouse.operations.rebuild.date_range import DateRange
    from lakehouse.operations.rebuild.run import RebuildRequest

    names = table_locks.BATCH_LOCKS if publish else ()
    with sole_writer("rebuild", names, wait=wait) as settings:
        days = DateRange(first.date(), last.date())
        request = RebuildRequest(days, settings.text_policy, limit)
        _run(settings, request, publish=publish, as_json=as_json)


def _run(settings: Settings, request: RebuildRequest, *, publish: bool, as_json: bool) -> None:
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.operations.rebuild import run

    told: list[RebuildSummary] = []

    def tell(found: RebuildSummary) -> None:
        told.append(found)
        if not as_json:
            _print(found)

    starting = "rebuild: starting Spark"
    with working_spark(settings, app="pinlake rebuild", status=starting) as (spark, line), telling_failures():
        line.update("rebuild")
        lake = DeltaLake.of(spark, settings)
        if publish:
            run.publish(lake, request, report=tell)
        else:
            tell(run.preview(lake, request))
    if as_json:
        print(json.dumps({"step": "rebuild", "published": publish, **told[0].as_data()}, ensure_ascii=False))
    elif publish:
        print("published: readers see it")
    elif not told[0].is_empty:
        print("nothing is written: publish it with --publish")


def _require_batch(lane: str) -> None:
    if lane != "batch":
        raise UsageError(
            "only the batch lane can be rebuilt: the stream writes its tables all the time, and Postgres "
            "takes newer events of a pin alone, not other values of the same one",
            where=f"--lane {lane}",
            hint="Restart the stream for today's rules, and rebuild past days with --lane batch.",
        )


def _print(found: RebuildSummary) -> None:
    console = output.console(markup=False)
    console.print(
        f"{found.judged:,} events judged anew: {found.refused:,} rows more for quarantine, "
        f"{found.released:,} rows of it pass now"
    )
    for table in found.tables:
        _print_table(table, console)


def _print_table(table: TableChanges, console: Console) -> None:
    console.print(
        f"{table.table}: {table.added:,} added, {table.changed:,} changed, {table.removed:,} removed"
    )
    for column, count in table.columns.items():
        console.print(f"  {column}: {count:,}")
    for example in table.examples:
        key = ", ".join(str(value) for value in example.key.values())
        console.print(f"  {key}: {_told(example)}")


def _told(example: ChangedRow) -> str:
    """Tell what changes in a row; of one that comes or goes what it holds."""
    values = example.values.items()
    if example.kind == "changed":
        return "; ".join(f"{name} {_text(was)} -> {_text(now)}" for name, (was, now) in values)
    held = ((name, now if example.kind == "added" else was) for name, (was, now) in values)
    return f"{example.kind}, " + "; ".join(f"{name} {_text(value)}" for name, value in held)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
