"""`pinlake why`: the whole story of one pin."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from pinlake.cli import row_output as rows
from pinlake.cli.reader import open_store


def why(
    unique_id: Annotated[str, typer.Argument(help="The pin.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each thing.")] = False,
) -> None:
    """Tell a pin's story in order of time: its events at the door, where they are in Kafka and landing, the
    commits that have taken them into the tables of both lanes, what was refused and why, the row in Postgres.

    Example: pinlake why 7528fc38-56c3-4c08-9b3c-0ab7a3a1b1f5
    """  # noqa: D205  # typer prints the first paragraph as the command's line
    from foundation import settings as settings_module
    from lakehouse.observability.pin_trace import served_row as served
    from lakehouse.observability.pin_trace import trace as stories

    settings = settings_module.load()
    pin = stories.parse_unique_id(unique_id)
    found = stories.trace_pin(
        open_store(settings), pin, read_served_row=partial(served.read_served_row, settings.postgres)
    )
    if as_json:
        for entry in found:
            print(rows.as_json(asdict(entry)))
        return
    told = (
        (
            entry.at,
            entry.lane or "",
            entry.what,
            ", ".join(f"{name} {rows.text(value)}" for name, value in known),
        )
        for entry in found
        if (known := [(name, value) for name, value in entry.details.items() if value is not None])
    )
    rows.print_table(("at", "lane", "what", "details"), told)
