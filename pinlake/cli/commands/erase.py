"""`pinlake erase`: removal of pins from everywhere, with a receipt."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
from rich.markup import escape

from foundation.errors import UsageError
from pinlake.cli import console as output
from pinlake.cli.options import AsJson, Wait, Yes, require_yes
from pinlake.cli.spark_session import spark_session
from pinlake.cli.write_lock import write_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foundation.data_subjects import Subjects
    from foundation.settings import Settings
    from lakehouse.operations.erasure.receipt import ErasureReceipt, Removal

log = structlog.get_logger()


def erase(
    unique_id: Annotated[str | None, typer.Option(help="The pin.")] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Several pins, one unique_id per line.")
    ] = None,
    yes: Yes = False,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Remove pins from landing, tables, Postgres, report pages and the broker, then search for traces.

    Past versions that contained a pin cannot be read afterwards. Removes every record that both lanes have
    read from the topics, including other pins' records. The stream may run meanwhile; steps of the batch lane
    wait. A pin that is posted again later is a new event and is accepted. If the command is killed, run it
    again. The receipt stays in the bucket under erasures/. Exit code 1 if a trace is left. --json needs
    --yes. Costs minutes, even for an unknown pin, because both lanes first process all records on their way.

    Example: pinlake erase --unique-id 7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10
    """
    from foundation.data_subjects import Subjects
    from lakehouse.delta.locks import table_locks

    if (unique_id is None) == (file is None):
        raise UsageError(
            "no pin is named, or two ways are used", where="erase", hint="Give either --unique-id or --file."
        )
    subjects = Subjects.of([unique_id] if unique_id else file.read_text().splitlines() if file else [])
    require_yes(yes, as_json=as_json, where="erase")
    if not yes:
        _ask(subjects.ids)
    with write_lock("erase", table_locks.BATCH_LOCKS, wait=wait) as settings:
        record = _erase(settings, subjects)
    if as_json:
        print(json.dumps(asdict(record)))
    else:
        _print(record)
    if record.traces:
        raise typer.Exit(1)


def _ask(unique_ids: Sequence[str]) -> None:
    console = output.console(stderr=True)
    console.print(f"This erases everywhere, including past versions: {', '.join(unique_ids)}")
    console.print(
        "Past versions with a pin become unreadable; the topics lose all records that both lanes have read."
    )
    typer.confirm("This cannot be undone. Continue?", abort=True, err=True)


def _erase(settings: Settings, subjects: Subjects) -> ErasureReceipt:
    from foundation.object_store import ObjectStore
    from lakehouse.operations.erasure.receipt import ErasureReceipts
    from pinlake.app.erasure import Erasure

    with spark_session(settings, app="pinlake erase") as (spark, line):

        def show(step: str) -> None:
            line.update(f"erase: {step}")
            log.info("erasing", at=step)

        record = Erasure(spark, settings, subjects, on_step=show).run()
    if record.removed or record.traces:
        return record
    receipts = ErasureReceipts(ObjectStore.open(settings.s3)).read_all()
    earlier = [receipt for receipt in receipts if receipt.removed and receipt.subjects == record.subjects]
    if not earlier:
        raise UsageError(
            "no such pin: it is mentioned nowhere",
            where="erase",
            hint="Give the unique_id of a pin, a UUID, as it is in silver.",
        )
    return earlier[-1]


def _print(record: ErasureReceipt) -> None:
    table = output.table("place", "rows", "files", "version", "unreadable now")
    for name, place in record.places.items():
        table.add_row(name, f"{place.rows:,}", f"{place.files:,}", _versions(place), _span(place.unreadable))
    console = output.console()
    console.print(table)
    for trace in record.traces:
        console.print(f"[red]still mentioned in[/red] {escape(trace)}")
    if record.ended:
        console.print(f"No trace is left since {record.ended}. Receipt: erasures/{record.run}.json")


def _versions(place: Removal) -> str:
    return "" if place.before is None else f"{place.before} to {place.after}"


def _span(versions: tuple[int, int] | None) -> str:
    return "" if versions is None else f"{versions[0]} to {versions[1]}"
