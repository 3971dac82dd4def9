"""`pinlake emulate`: post a data set to the API as the users of an app would."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from foundation.errors import UsageError
from pinlake.cli import console as output
from pinlake.cli.options import AsJson

if TYPE_CHECKING:
    from ingestion.client.emulator import EmulationSummary, Pace

PERCENTILES = (50, 90, 99)


def emulate(
    file: Annotated[Path, typer.Option(help="JSON lines, one pin each.")],
    rate: Annotated[
        float, typer.Option(min=0, help="Pins per second on average; 0: as fast as possible.")
    ] = 10.0,
    count: Annotated[
        int | None, typer.Option(min=1, help="How many pins; default: each once, with --loop endless.")
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop", help="Start again when all pins of the file are posted.")
    ] = False,
    connections: Annotated[int, typer.Option(min=1, help="How many posts at a time.")] = 8,
    seed: Annotated[int | None, typer.Option(help="Makes order and gaps repeatable.")] = None,
    url: Annotated[str | None, typer.Option(help="The API [PINLAKE_API_HOST and _PORT].")] = None,
    as_json: AsJson = False,
) -> None:
    """Post pins to the API at a rate, in random order, with jitter; then print a summary of its answers.

    Retries 429 and 503 with the same Idempotency-Key. Ctrl-C stops it and prints the summary. Exit code 1 if
    a pin was not accepted.

    Example: pinlake emulate --file sample_data/pins.jsonl --rate 50 --loop
    """
    from foundation import settings as settings_module
    from ingestion.client.emulator import Pace
    from ingestion.client.pin_file import read_pin_file

    pins = read_pin_file(file)
    if count is not None and count > len(pins) and not loop:
        hint = "Add --loop, or lower --count."
        raise UsageError(f"--count is {count}, but the file has {len(pins)} pins", where=str(file), hint=hint)
    api = settings_module.load().api
    pace = Pace(rate, count=count, loop=loop, connections=connections, seed=seed)
    summary = asyncio.run(_run(url or f"http://{api.host}:{api.port}", pins, pace))
    if as_json:
        print(json.dumps(_as_data(summary)))
    else:
        _print(summary)
    if summary.statuses["201"] < summary.posted:
        raise typer.Exit(1)


async def _run(url: str, pins: list[bytes], pace: Pace) -> EmulationSummary:
    from ingestion.client.emulator import emulate as post_at_pace

    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("posting", total=pace.count or (None if pace.loop else len(pins)))
        return await post_at_pace(
            url, pins, pace, stopping=stopping, on_answer=lambda answer: progress.advance(task)
        )


def _as_data(summary: EmulationSummary) -> dict[str, Any]:
    return {
        "posted": summary.posted,
        "statuses": dict(summary.statuses),
        "retries": summary.retries,
        "seconds": round(summary.seconds, 3),
        "rate": round(summary.posted / summary.seconds, 1) if summary.seconds else 0.0,
        "latency_ms": {f"p{percent}": _milliseconds(summary, percent) for percent in PERCENTILES},
    }


def _print(summary: EmulationSummary) -> None:
    data = _as_data(summary)
    table = output.table("status", "pins")
    for status, pins in sorted(summary.statuses.items()):
        table.add_row(status, f"{pins:,}")
    console = output.console()
    console.print(table)
    console.print(
        f"{data['posted']:,} posted in {data['seconds']} s ({data['rate']}/s), {data['retries']} retries"
    )
    console.print("latency  " + "  ".join(f"{name} {value} ms" for name, value in data["latency_ms"].items()))


def _milliseconds(summary: EmulationSummary, percent: float) -> float | None:
    seconds = summary.percentile(percent)
    return None if seconds is None else round(seconds * 1000, 1)
