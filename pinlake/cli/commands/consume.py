"""`pinlake consume`: from the batch topic to landing objects."""

from __future__ import annotations

import json
import signal
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from pinlake.cli import console as output
from pinlake.cli.options import AsJson

if TYPE_CHECKING:
    from ingestion.landing.consumer import PartitionCounts


def consume(
    follow: Annotated[bool, typer.Option(help="Continue at the end of the topic.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the records of the batch topic to S3 as gzip JSON lines.

    Stops at the end of the topic as it was at the start. Offsets are committed after S3 has acknowledged the
    object. If it is killed and run again, no record is missing or duplicated.

    Example: pinlake consume --json
    """
    from foundation import settings as settings_module
    from foundation.kafka_admin import backlog
    from ingestion.landing.run import consume as land

    settings = settings_module.load()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    started = time.monotonic()
    with _progress() as progress:
        task = progress.add_task("landing", total=None if follow else backlog(settings.kafka))
        landed = land(
            settings,
            follow=follow,
            stopping=stopping,
            on_records=lambda count: progress.advance(task, count),
        )
    seconds = time.monotonic() - started
    if as_json:
        rows = [_as_data(row) for row in landed]
        total = sum(row.records for row in landed)
        print(json.dumps({"records": total, "seconds": round(seconds, 3), "partitions": rows}))
    else:
        _print(landed, seconds)


def _as_data(landed: PartitionCounts) -> dict[str, Any]:
    row = asdict(landed)
    row["adopted"] = row.pop("already_landed")  # the key's name is part of the output's format
    return row


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print(landed: list[PartitionCounts], seconds: float) -> None:
    console = output.console()
    if landed:
        table = output.table("topic", "partition", "records", "objects", "bytes", "already landed")
        for row in landed:
            counts = (row.partition, row.records, row.objects, row.bytes, row.already_landed)
            table.add_row(row.topic, *(f"{count:,}" for count in counts))
        console.print(table)
    console.print(f"{sum(row.records for row in landed):,} records landed in {seconds:.1f} s")
