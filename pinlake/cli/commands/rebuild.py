"""`pinlake rebuild`: recomputes past days of the batch lane, compares them, and publishes if requested."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from foundation.errors import UsageError
from pinlake.cli import console as output
from pinlake.cli.commands.quality import printing_failures
from pinlake.cli.options import AsJson, Wait
from pinlake.cli.spark_session import spark_session
from pinlake.cli.write_lock import write_lock

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.operations.rebuild.changes import ChangedRow, TableChanges
    from lakehouse.operations.rebuild.run import RebuildRequest, RebuildSummary

_DAY = ["%Y-%m-%d"]


def rebuild(
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, metavar="DAY", help="First day, UTC.")],
    last: Annotated[datetime, typer.Option("--to", formats=_DAY, metavar="DAY", help="Last day, included.")],
    lane: Annotated[str, typer.Option(help="Only batch can be rebuilt.")] = "batch",
    publish: Annotated[bool, typer.Option("--publish", help="Write the changes and publish them.")] = False,
    limit: Annotated[int, typer.Option(min=0, max=1000, help="How many changed rows per table to show.")] = 5,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Recompute silver and gold of past days from bronze, with the current code and suites.

    Prints the changes, and writes nothing without --publish. The stream may run meanwhile; with --publish the
    steps of the batch lane may not. If the command is killed, run it again.

    Example: pinlake rebuild --from 2026-01-30 --to 2026-01-31
    """
    _require_batch(lane)
    if last < first:
        raise UsageError("--to is before --from", where="rebuild", hint="Give the earlier day as --from.")

    from lakehouse.delta.locks import table_locks
    from lakehouse.operations.rebuild.date_range import DateRange
    from lakehouse.operations.rebuild.run import RebuildRequest

    names = table_locks.BATCH_LOCKS if publish else ()
    with write_lock("rebuild", names, wait=wait) as settings:
        days = DateRange(first.date(), last.date())
        request = RebuildRequest(days, settings.text_policy, limit)
        _run(settings, request, publish=publish, as_json=as_json)


def _run(settings: Settings, request: RebuildRequest, *, publish: bool, as_json: bool) -> None:
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.operations.rebuild import run

    summaries: list[RebuildSummary] = []

    def show(summary: RebuildSummary) -> None:
        summaries.append(summary)
        if not as_json:
            _print(summary)

    starting = "rebuild: starting Spark"
    with (
        spark_session(settings, app="pinlake rebuild", status=starting) as (spark, line),
        printing_failures(),
    ):
        line.update("rebuild")
        lake = DeltaLake.of(spark, settings)
        if publish:
            run.publish(lake, request, report=show)
        else:
            show(run.preview(lake, request))
    if as_json:
        print(
            json.dumps(
                {"step": "rebuild", "published": publish, **summaries[0].as_data()}, ensure_ascii=False
            )
        )
    elif publish:
        print("published: readers see the changes")
    elif not summaries[0].is_empty:
        print("nothing was written: use --publish to publish the changes")


def _require_batch(lane: str) -> None:
    if lane != "batch":
        raise UsageError(
            "only the batch lane can be rebuilt: the stream writes its tables all the time, and Postgres "
            "accepts only newer events of a pin, not other values of the same event",
            where=f"--lane {lane}",
            hint="Restart the stream to apply the current rules; rebuild past days with --lane batch.",
        )


def _print(summary: RebuildSummary) -> None:
    console = output.console(markup=False)
    console.print(
        f"{summary.judged:,} events checked again: {summary.refused:,} more rows for quarantine, "
        f"{summary.released:,} rows of quarantine pass now"
    )
    for table in summary.tables:
        _print_table(table, console)


def _print_table(table: TableChanges, console: Console) -> None:
    console.print(
        f"{table.table}: {table.added:,} added, {table.changed:,} changed, {table.removed:,} removed"
    )
    for column, count in table.columns.items():
        console.print(f"  {column}: {count:,}")
    for example in table.examples:
        key = ", ".join(str(value) for value in example.key.values())
        console.print(f"  {key}: {_describe(example)}")


def _describe(example: ChangedRow) -> str:
    """Return the changes of a row; for an added or removed row, its values."""
    values = example.values.items()
    if example.kind == "changed":
        return "; ".join(f"{name} {_text(was)} -> {_text(now)}" for name, (was, now) in values)
    pairs = ((name, now if example.kind == "added" else was) for name, (was, now) in values)
    return f"{example.kind}, " + "; ".join(f"{name} {_text(value)}" for name, value in pairs)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
