"""`python -m drill`: kill processes under load, then prove that nothing is lost, doubled or stale."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pinlake.cli import console as output
from pinlake.cli import error_output as entry

if TYPE_CHECKING:
    from drill.run import Outcome

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def drill(
    seconds: Annotated[float, typer.Option(min=1, help="How long processes are killed.")] = 120.0,
    faults: Annotated[int, typer.Option(min=1, help="How many kills in that time.")] = 10,
    rate: Annotated[float, typer.Option(min=1, help="Pins posted per second.")] = 200.0,
    seed: Annotated[
        int | None, typer.Option(help="Repeats a drill: the same kills and the same pins.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Kill API, stream, consumer, batch steps, Kafka, S3 and Postgres with -9 while pins are posted.

    Then drain both lanes and check that the ledger closes, the lanes agree, and Postgres serves the newest
    event of every pin that the API acknowledged. Exit code 1 if not. Runs on a stack of its own and leaves
    nothing behind.

    Example: python -m drill --seconds 600 --faults 50 --seed 7
    """
    from drill.run import Plan, run
    from foundation import logging_setup as logs

    logs.configure(level="ERROR")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    plan = Plan(seconds, faults, rate, secrets.randbelow(1_000_000) if seed is None else seed)
    console = Console(stderr=True, highlight=False)
    with console.status("") as line:
        outcome = run(plan, on_step=line.update)
    if as_json:
        print(json.dumps({**asdict(outcome), "holds": outcome.holds}))
    else:
        _print(outcome)
    if not outcome.holds:
        raise typer.Exit(1)


def _print(outcome: Outcome) -> None:
    console = output.console()
    console.print(f"seed {outcome.plan.seed}; {outcome.seconds:.0f} s in all")
    table = output.table("killed", "times", "longest recovery")
    for name, times in sorted(Counter(fault.name for fault in outcome.faults).items()):
        recoveries = [fault.recovered for fault in outcome.faults if fault.name == name]
        longest = None if None in recoveries else max(filter(None, recoveries))
        table.add_row(name, str(times), "[red]never" if longest is None else f"{longest:.1f} s")
    console.print(table)
    console.print(f"longest time without an acknowledgement: {outcome.longest_silence:.1f} s")
    console.print(f"events accepted {outcome.accepted:,}, malformed records {outcome.malformed:,}")
    for name, deaths in outcome.deaths.items():
        for death in deaths:
            console.print(f"{name} ended by itself, {death}", markup=False)
    proof = outcome.proof
    console.print(
        f"lost {proof.lost}, doubled {proof.doubled}, stale {proof.stale}, lanes differ {proof.differing}"
    )
    for total in proof.unbalanced:
        console.print(f"[red]does not close:[/red] {total}")
    if outcome.logs:
        console.print(f"logs of every process: {outcome.logs}")
    console.print("[green]nothing is wrong" if outcome.holds else "[red]SOMETHING IS WRONG")


if __name__ == "__main__":
    entry.run(app)
