"""`python -m container_rehearsal`: docker-compose.yml from a fresh clone to an upgrade, on a real engine."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from container_rehearsal.installation import PROJECT, Installation
from container_rehearsal.scenario import Phase, Rehearsal, Report
from pinlake.cli import console as output
from pinlake.cli import error_output as entry

ROOT = Path(__file__).parents[1]
# The first revision whose containers run. Upgrades start from it until the repository has a tag.
FIRST = "0e93f6c"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def rehearse(
    phases: Annotated[list[Phase] | None, typer.Argument(help="Phases to run; default: all of them.")] = None,
    base: Annotated[
        str | None, typer.Option(help="The revision to upgrade from; default: the newest tag.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Run the commands of docs/operations.md on a container engine, and check what they did.

    Starts from a fresh clone and takes about an hour on two cores. Exit code 1 if a command fails, a sum
    does not close, a pin is lost, or the API is away for more than 10 s during the upgrade. Containers and
    volumes are removed; images stay.

    Example: python -m container_rehearsal start upgrade
    """
    engine = subprocess.run(["docker", "version"], capture_output=True, text=True)
    if engine.returncode:
        print("no container engine answers: nothing was rehearsed")
        return
    revision = _git("rev-parse", "HEAD")
    selected = phases or list(Phase)
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="pinlake-rehearsal-") as folder:
        installation = Installation(Path(folder, "checkout"))
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(installation.checkout)], check=True)
        rehearsal = Rehearsal(
            installation,
            revision=revision,
            on_step=lambda step: console.print(f"{time.strftime('%H:%M:%S')} {step}"),
        )
        try:
            rehearsal.run(selected, base=base or _newest_tag(revision) or FIRST)
        finally:
            installation.run(f"docker compose --project-name {PROJECT} down --volumes --remove-orphans")
    if as_json:
        print(json.dumps(asdict(rehearsal.report)))
    else:
        _print(rehearsal.report)


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def _newest_tag(revision: str) -> str | None:
    """Return the newest tag before a revision."""
    names = _git("tag", "--merged", f"{revision}^", "--sort=-creatordate").splitlines()
    return names[0] if names else None


def _print(report: Report) -> None:
    console = output.console()
    for title, unit, values in (
        ("step", "s", report.seconds),
        ("image", "MB", report.images),
        ("service, at most", "MB", report.memory),
    ):
        table = output.table(title, unit)
        for name, value in values.items():
            table.add_row(name, f"{value:,.0f}")
        console.print(table)
    for phase, pins in report.pins.items():
        console.print(f"{phase}: {pins:,} pins posted, {pins:,} served, all sums close, the lanes agree")
    if report.longest_silence is not None:
        console.print(f"longest time without a 201 during the upgrade: {report.longest_silence:.1f} s")


if __name__ == "__main__":
    entry.run(app)
