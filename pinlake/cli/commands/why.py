"""`pinlake why`: the history of one pin."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import row_output as rows
from pinlake.cli.options import AsJson

if TYPE_CHECKING:
    from lakehouse.observability.pin_trace.timeline import Entry


def why(
    unique_id: Annotated[str, typer.Argument(help="The unique_id of the pin.")],
    as_json: AsJson = False,
) -> None:
    """Print the history of a pin in order of time: its events at the API, their positions in Kafka and
    landing, the commits that wrote them to the tables of both lanes, rejections with reasons, and the row in
    Postgres.

    Example: pinlake why 7528fc38-56c3-4c08-9b3c-0ab7a3a1b1f5
    """  # noqa: D205  # typer prints the first paragraph as the command's line
    from foundation import settings as settings_module
    from lakehouse.observability.pin_trace import served_row as served
    from lakehouse.observability.pin_trace import trace as stories
    from lakehouse.query.table_store import TableStore

    settings = settings_module.load()
    pin = stories.parse_unique_id(unique_id)
    entries = stories.trace_pin(
        TableStore(settings.s3), pin, read_served_row=partial(served.read_served_row, settings.postgres)
    )
    if as_json:
        for entry in entries:
            print(rows.as_json(asdict(entry)))
        return
    cells = ((entry.at, entry.lane or "", entry.what, _describe(entry)) for entry in entries)
    rows.print_table(("at", "lane", "what", "details"), cells)


def _describe(entry: Entry) -> str:
    details = ((name, value) for name, value in entry.details.items() if value is not None)
    return ", ".join(f"{name} {rows.text(value)}" for name, value in details)
