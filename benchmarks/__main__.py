"""`python -m benchmarks`: the speed of every part on this machine, next to its target."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pinlake.cli import console as output
from pinlake.cli import error_output as entry

if TYPE_CHECKING:
    from benchmarks.report import Report
    from benchmarks.run import Sizes

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def measure(
    load: Annotated[
        int, typer.Option(min=0, help="Pins of each of the two equal loads through the batch lane.")
    ] = 200_000,
    gated: Annotated[
        int, typer.Option(min=0, help="Pins promoted with and without rules, at most both loads.")
    ] = 50_000,
    kept: Annotated[
        int, typer.Option(min=0, help="Pins of the large table that upkeep is measured on.")
    ] = 1_000_000,
    single: Annotated[int, typer.Option(min=0, help="Pins posted one by one.")] = 10_000,
    bulk: Annotated[int, typer.Option(min=0, help="Pins posted in bulk.")] = 100_000,
    batch: Annotated[int, typer.Option(min=2, help="Pins of a bulk request.")] = 1_000,
    rate: Annotated[float, typer.Option(min=1, help="Pins per second while latency is measured.")] = 50.0,
    seconds: Annotated[float, typer.Option(min=0, help="Seconds of measured latency.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Measure API, consumer, lanes, upsert, upkeep, latency and memory; report missed aims.

    Runs on a stack of its own in a temporary folder and leaves nothing behind. 0 skips a part.

    Example: python -m benchmarks --load 50000 --seconds 0
    """
    from benchmarks.run import Sizes

    sizes = Sizes(
        single=single,
        bulk=bulk,
        batch=batch,
        load=load,
        gated=gated,
        kept=kept,
        rate=rate,
        seconds=seconds,
    )
    report = _run(sizes)
    if as_json:
        print(json.dumps(report.as_data()))
    else:
        report.print(output.console())


def _run(sizes: Sizes) -> Report:
    from benchmarks.run import run
    from foundation import logging_setup as logs

    logs.configure(level="WARNING")
    # End in order, as at Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = Console(stderr=True, highlight=False)
    with console.status("") as line:
        return run(sizes, on_part=line.update)


if __name__ == "__main__":
    entry.run(app)
