"""`pinlake ledger`: rows in and out of every step; `pinlake reconcile`: comparison of the two lanes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from foundation.errors import TransientError, UsageError
from pinlake.cli import console as output
from pinlake.cli.commands.sql import print_json, print_table
from pinlake.cli.error_output import print_error
from pinlake.cli.options import AsJson
from pinlake.cli.spark_session import short_spark_session

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.observability.ledger.sums import BalanceCheck
    from lakehouse.observability.reconciliation import Comparison
    from lakehouse.serving.postgres import ServingDatabase

app = typer.Typer(
    invoke_without_command=True, help="Print the ledger, or check it.\n\nExample: pinlake ledger check"
)
_SHOWN = (
    "at", "lane", "step", "table", "version", "rows_in", "rows_out", "quarantined", "superseded", "seconds",
    "bytes",
)  # fmt: skip
_DAY = timedelta(days=1)


@app.callback()
def ledger(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many entries, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Print the rows that went into and came out of each step: one line per commit, newest first.

    Example: pinlake ledger --limit 20
    """
    if context.invoked_subcommand:
        return
    from lakehouse.observability.ledger import collect

    with _lakehouse() as (lake, serving):
        collect.collect(lake, serving)
        rows = collect.read(lake).orderBy("at", "table", ascending=False).limit(limit)
        if as_json:
            print_json(rows)
        else:
            print_table(rows.selectExpr(*_SHOWN).withColumns({"seconds": rows.seconds.cast("decimal(9,1)")}))


@app.command()
def check(
    since: Annotated[
        int | None, typer.Option(min=1, help="Check the steps of the last DAYS; default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that the sums close, from the offsets in Kafka to Postgres. Exit code 1 if one does not.

    Example: pinlake ledger check --since 7
    """
    from foundation import settings as settings_module
    from lakehouse.observability.ledger import balance as closing
    from lakehouse.observability.ledger import collect

    lost = _lost_records(settings_module.load())
    with _lakehouse() as (lake, serving):
        collected = collect.collect(lake, serving)
        moment = datetime.now(UTC) - timedelta(days=since) if since else None
        sums = lost + closing.check_balance(lake, collected, since=moment)
    if as_json:
        for total in sums:
            print(json.dumps({**asdict(total), "closes": total.balanced}))
    else:
        _print_sums(sums)
    if not all(total.balanced for total in sums):
        raise typer.Exit(1)


def reconcile(
    since: Annotated[
        datetime | None,
        typer.Option("--from", help="Events that the API accepted since then, UTC; default: one day."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", help="End of the events, UTC; default: as far as both lanes are."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the results of both lanes for the same events, and list differences. Exit code 1 if any differ.

    Example: pinlake reconcile --from 2026-01-30 --to 2026-01-31
    """
    from lakehouse.observability import reconciliation as lanes

    with _lakehouse() as (lake, _):
        newest = lanes.find_newest_events(lake)
        if newest is None:
            raise UsageError(
                "a lane has no events yet",
                where="reconcile",
                hint="Run both lanes; `pinlake --help` lists the steps.",
            )
        ready = lanes.comparable_until(*newest, now=datetime.now(UTC)).astimezone(UTC)
        end = until.replace(tzinfo=UTC) if until else ready
        begin = since.replace(tzinfo=UTC) if since else end - _DAY
        if begin >= end:
            raise UsageError(
                "the time range is empty", where=f"from {begin} to {end}", hint="Give an earlier --from."
            )
        comparison = lanes.compare(lake, since=begin, until=end)
    if not (comparison.events or since or until):
        raise UsageError(
            f"no event is old enough to compare: events since {end:%H:%M:%S} UTC may still be on their way",
            where="reconcile",
            hint="Wait until both lanes have caught up, then run the command again, or give --to.",
        )
    if as_json:
        print(json.dumps(asdict(comparison), default=str))
    else:
        _print_comparison(comparison)
    if comparison.differing:
        raise typer.Exit(1)


@contextmanager
def _lakehouse() -> Iterator[tuple[DeltaLake, ServingDatabase]]:
    from foundation import settings as settings_module
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.serving.postgres import ServingDatabase

    settings = settings_module.load()
    with short_spark_session(settings, app="pinlake ledger") as spark:
        yield DeltaLake.of(spark, settings), ServingDatabase(settings.postgres)


def _lost_records(settings: Settings) -> list[BalanceCheck]:
    """Return the sums of records that Kafka removed unread; none, with a message, if Kafka is unavailable."""
    from lakehouse.observability.ledger.sums import BalanceCheck
    from lakehouse.pipelines.data_loss import detect_data_loss
    from lakehouse.serving.position import QUERY

    try:
        lost = detect_data_loss(settings)
    except TransientError as error:
        print_error(error)
        return []
    sums = []
    for reader, lane, what in (
        ("batch", "batch", "records that Kafka removed unread"),
        ("stream", "stream", "records that Kafka removed unread"),
        (QUERY, "stream", "records that Kafka removed unserved"),
    ):
        ranges = [part.offsets for part in lost if part.lane == reader]
        count = sum(part.count for part in ranges)
        places = tuple(f"{part.topic} {part.partition}: {part.first} to {part.last}" for part in ranges)
        sums.append(BalanceCheck(lane, what, 0, count, places))
    return sums


def _print_sums(sums: list[BalanceCheck]) -> None:
    table = output.table("lane", "sum", "expected", "found", "")
    for total in sums:
        verdict = "[green]closes" if total.balanced else "[red]DOES NOT CLOSE"
        table.add_row(total.lane, total.what, f"{total.expected:,}", f"{total.found:,}", verdict)
    console = output.console()
    console.print(table)
    for total in sums:
        for place in total.where:
            console.print(f"{total.lane}, {total.what}: {place}")


def _print_comparison(comparison: Comparison) -> None:
    console = output.console(markup=False)
    for difference in comparison.differences:
        console.print(f"{difference.event_id}  pin {difference.unique_id}  {difference.what}")
    span = f"{comparison.since:%Y-%m-%d %H:%M:%S} to {comparison.until:%Y-%m-%d %H:%M:%S} UTC"
    console.print(f"{comparison.events:,} events from {span}: {comparison.differing:,} differ")
