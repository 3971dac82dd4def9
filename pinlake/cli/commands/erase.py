"""`pinlake erase`: a pin removed from everywhere, with proof."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from foundation.errors import UsageError
from pinlake.cli import console as output
from pinlake.cli.spark_session import working_spark
from pinlake.cli.write_lock import Wait, require_yes, sole_writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foundation.data_subjects import Subjects
    from foundation.settings import Settings
    from lakehouse.operations.erasure.receipt import ErasureReceipt, Removal

log = structlog.get_logger()


def erase(
    unique_id: Annotated[str | None, typer.Option(help="The pin.")] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Several pins, one unique_id a line.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Wait = 0.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the receipt as JSON, nothing else; needs --yes.")
    ] = False,
) -> None:
    """Remove pins from landing, tables, Postgres, report pages and the broker, then search for what is left.

    Past versions lose the files that held them and cannot be read any more. Records that both lanes have read
    are removed from the topics, those of other pins too. The stream may run; the batch lane's steps wait. A
    pin that is posted again afterwards is a new event, and comes in. Killed anywhere, run it again. The
    receipt stays in the bucket under erasures/. Exit code 1 if anything names a pin still. It takes minutes,
    even to find that nobody knows a pin: both lanes are first brought past all that is on its way.

    Example: pinlake erase --unique-id 7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10
    """
    from foundation.data_subjects import Subjects
    from lakehouse.delta.locks import table_locks

    if (unique_id is None) == (file is None):
        raise UsageError("which pins?", where="erase", hint="Give either --unique-id or --file.")
    subjects = Subjects.of([unique_id] if unique_id else file.read_text().splitlines() if file else [])
    require_yes(yes, as_json=as_json, where="erase")
    if not yes:
        _ask(subjects.ids)
    with sole_writer("erase", table_locks.BATCH_LOCKS, wait=wait) as settings:
        record = _erased(settings, subjects)
    if as_json:
        print(json.dumps(asdict(record)))
    else:
        _print(record)
    if record.traces:
        raise typer.Exit(1)


def _ask(unique_ids: Sequence[str]) -> None:
    console = output.console(stderr=True)
    console.print(f"To be erased everywhere, past versions included: {', '.join(unique_ids)}")
    console.print(
        "Versions that held one cannot be read any more; the topics lose what both lanes have read."
    )
    typer.confirm("Nothing brings that back. Go on?", abort=True, err=True)


def _erased(settings: Settings, subjects: Subjects) -> ErasureReceipt:
    from foundation.clients import s3_client
    from lakehouse.operations.erasure.receipt import ErasureReceipts
    from pinlake.app.erasure import Erasure

    with working_spark(settings, app="pinlake erase") as (spark, line):

        def tell(what: str) -> None:
            line.update(f"erase: {what}")
            log.info("erasing", at=what)

        record = Erasure(spark, settings, subjects, tell=tell).run()
    if record.removed or record.traces:
        return record
    others = ErasureReceipts(s3_client(settings.s3), settings.s3.bucket).read_all()
    earlier = [each for each in others if each.removed and each.subjects == record.subjects]
    if not earlier:
        raise UsageError(
            "no such pin: nothing anywhere names it",
            where="erase",
            hint="Give the unique_id of a pin, a UUID, as silver has it.",
        )
    return earlier[-1]


def _print(record: ErasureReceipt) -> None:
    shown = output.table("place", "rows", "files", "version", "unreadable now")
    for name, place in record.places.items():
        shown.add_row(name, f"{place.rows:,}", f"{place.files:,}", _versions(place), _span(place.unreadable))
    console = output.console()
    console.print(shown)
    for trace in record.traces:
        console.print(f"[red]still named in[/red] {trace}")
    if record.ended:
        console.print(f"Nothing names it any more since {record.ended}. Receipt: erasures/{record.run}.json")


def _versions(place: Removal) -> str:
    return "" if place.before is None else f"{place.before} to {place.after}"


def _span(versions: tuple[int, int] | None) -> str:
    return "" if versions is None else f"{versions[0]} to {versions[1]}"
