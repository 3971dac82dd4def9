"""Runs a command line of the project and prints its errors."""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from foundation.errors import PinlakeError, UsageError
from pinlake.cli import console as output


def run(app: typer.Typer) -> None:
    """Run a command line; print a Pinlake error as one line on standard error, exit code 1 (usage: 2)."""
    try:
        app()
    except PinlakeError as error:
        print_error(error)
        sys.exit(2 if isinstance(error, UsageError) else 1)


def print_error(error: PinlakeError) -> None:
    """Print an error as one line on standard error."""
    output.console(stderr=True).print(f"[red]error:[/red] {escape(str(error))}")
