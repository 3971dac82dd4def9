"""`pinlake demo`: sample pins through both lanes, and a summary of what arrived."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from foundation import logging_setup
from pinlake.cli import console as output
from pinlake.cli.options import AsJson
from pinlake.cli.write_lock import TERMINATED

if TYPE_CHECKING:
    from rich.table import Table

    from pinlake.app.demo.summary import DemoSummary

SAMPLE = Path(__file__).parents[3] / "sample_data" / "pins.jsonl"


def demo(
    pins: Annotated[Path, typer.Option(help="JSON lines, one pin each.")] = SAMPLE,
    keep: Annotated[bool, typer.Option("--keep", help="Leave Kafka, S3 and Postgres running.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send sample pins through both lanes of a local lakehouse and check what arrived.

    Starts Kafka, the object store and Postgres. Posts the pins over HTTP, then 100 of them with other
    follower counts, then 50 events a second time, and writes 20 malformed records into the topics. Runs both
    lanes until nothing is left, and compares every layer with what was posted. Exit code 0 only if all
    figures agree.

    Example: pinlake demo --keep
    """
    from foundation import settings as settings_module
    from ingestion.client.pin_file import read_pin_file
    from pinlake.app.demo.run import Demonstration

    records = read_pin_file(pins)
    logging_setup.configure(level="WARNING")
    # The servers that this command starts must stop with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    console = Console(stderr=True, highlight=False)
    with console.status("starting") as line:

        def show(step: str) -> None:
            line.update(step)
            if not console.is_terminal:
                console.print(f"… {step}", soft_wrap=True)

        summary = Demonstration(settings_module.load(), keep=keep, on_step=show).run(records)
    if as_json:
        print(json.dumps(summary.as_data()))
    else:
        _print(summary, keep=keep)
    if summary.disagreements():
        raise typer.Exit(1)


def _print(summary: DemoSummary, *, keep: bool) -> None:
    console = output.console()
    posted = summary.posted
    console.print(
        f"{posted.posted:,} posts: {posted.accepted:,} accepted, {posted.rejected:,} rejected; "
        f"{sum(summary.malformed.values())} malformed records written directly into the topics\n"
    )
    console.print(_rows(summary))
    console.print(_reasons(summary))
    console.print(_features(summary))
    console.print(_seconds(summary))
    for sentence in summary.disagreements():
        console.print(f"[red]wrong:[/red] {escape(sentence)}")
    if not summary.disagreements():
        console.print(
            "[green]Every figure agrees with what was posted, and the lanes agree with each other.[/green]"
        )
    console.print(f"\nQuality report: {escape(summary.report)}")
    console.print(_next(keep=keep))


def _rows(summary: DemoSummary) -> Table:
    table = output.table("table", numbers=("of this run", "in all"), title="Rows")
    for row in summary.rows:
        table.add_row(row.table, f"{row.of_this_run:,}", f"{row.total:,}")
    table.add_row(
        "Postgres experimental_data", f"{summary.served.of_this_run:,}", f"{summary.served.total:,}"
    )
    return table


def _reasons(summary: DemoSummary) -> Table:
    lanes = [f"{lane} lane" for lane in summary.reasons]
    table = output.table("reason", numbers=lanes, title="\nQuarantine")
    for reason in sorted(summary.malformed):
        table.add_row(reason, *(str(counts.get(reason, 0)) for counts in summary.reasons.values()))
    return table


def _features(summary: DemoSummary) -> Table:
    columns = ("unique_id", "category", "follower_count", "downloaded", "event_time")
    table = output.table(*columns, title="\nThe ten newest rows of Postgres")
    for row in summary.served.newest:
        table.add_row(*("null" if value is None else escape(str(value)) for value in row))
    return table


def _seconds(summary: DemoSummary) -> Table:
    table = output.table("step", numbers=("seconds",), title="\nTime")
    for step, seconds in summary.seconds.items():
        table.add_row(step, f"{seconds:.1f}")
    table.add_row("all", f"{sum(summary.seconds.values()):.1f}")
    return table


def _next(*, keep: bool) -> str:
    first = "" if keep else "  pinlake up                                     start the servers again\n"
    return (
        f"\nNext:\n{first}"
        '  pinlake sql "SELECT * FROM gold.category_daily"  any table, also VERSION AS OF\n'
        "  pinlake status                                 servers, Kafka's lag\n"
        "  pinlake serve                                  the HTTP API, for your own pins\n"
    )
