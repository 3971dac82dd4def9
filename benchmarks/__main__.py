"""`python -m benchmarks`: the speed of every part on this machine, next to its target."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Annotated, NamedTuple

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
    full: Annotated[
        bool, typer.Option("--full", help="The long runs: --load and --gated 5000000, --rounds 3.")
    ] = False,
    load: Annotated[
        int | None,
        typer.Option(min=0, help="Pins of each load through the batch lane, one per round; default 200,000."),
    ] = None,
    gated: Annotated[
        int | None,
        typer.Option(min=0, help="Pins promoted with rules, without them and by hand; default 50,000."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Runs of each of two things that are compared; default 2.")
    ] = None,
    kept: Annotated[
        int, typer.Option(min=0, help="Pins of the large table that upkeep is measured on.")
    ] = 1_000_000,
    single: Annotated[int, typer.Option(min=0, help="Pins posted one by one.")] = 10_000,
    bulk: Annotated[int, typer.Option(min=0, help="Pins posted in bulk.")] = 50_000,
    batch: Annotated[int, typer.Option(min=2, help="Pins of a bulk request.")] = 1_000,
    rate: Annotated[float, typer.Option(min=1, help="Pins per second while latency is measured.")] = 50.0,
    seconds: Annotated[float, typer.Option(min=0, help="Seconds of measured latency.")] = 20.0,
    compared: Annotated[
        int, typer.Option(min=0, help="Generated records that the hand-written pipeline is compared on.")
    ] = 2_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Measure API, consumer, lanes, upsert, upkeep, latency and memory; report missed aims.

    Beside the lanes stands a pipeline that was written by hand without Spark. It is compared with Pinlake's
    row by row first, and measured in turns with it. Everything runs on a stack of its own in a temporary
    folder and leaves nothing behind. 0 skips a part. The long runs take hours and tens of GB of disk.

    Example: python -m benchmarks --load 50000 --seconds 0
    """
    from benchmarks.run import Sizes

    defaults = choose_defaults(full=full)
    sizes = Sizes(
        compared=compared,
        rounds=defaults.rounds if rounds is None else rounds,
        single=single,
        bulk=bulk,
        batch=batch,
        load=defaults.load if load is None else load,
        gated=defaults.gated if gated is None else gated,
        kept=kept,
        rate=rate,
        seconds=seconds,
    )
    report = _run(sizes)
    if as_json:
        print(json.dumps(report.as_data()))
    else:
        report.print(output.console())


class Defaults(NamedTuple):
    """What `--full` changes."""

    load: int
    gated: int
    rounds: int


def choose_defaults(*, full: bool) -> Defaults:
    """Return the defaults of an ordinary run or of the long one."""
    return Defaults(5_000_000, 5_000_000, 3) if full else Defaults(200_000, 50_000, 2)


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
