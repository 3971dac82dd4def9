"""`pinlake quarantine`: what was refused, corrected, replayed, or given up."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foundation.errors import UsageError
from pinlake.cli import console as output
from pinlake.cli.commands.quality import telling_failures
from pinlake.cli.spark_session import asking_spark
from pinlake.cli.write_lock import Wait, sole_writer

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.operations.replay import Quarantine, ReplayResult

app = typer.Typer(
    no_args_is_help=True,
    help="See, correct, replay or give up what was refused.\n\nExample: pinlake quarantine list",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a row.")]
OneLane = Annotated[str | None, typer.Option("--lane", help="batch or stream; default: both.")]
Where = Annotated[
    str | None, typer.Option(help="SQL over quarantine's columns and the pin's fields as text.")
]
Id = Annotated[str | None, typer.Option("--id", help="One row, by its id.")]
Note = Annotated[str | None, typer.Option(help="Why; kept with the row.")]
_SHOWN = ("id", "layer", "state", "reasons", "topic", "partition", "offset", "quarantined_at", "note")


@app.command("list")
def list_rows(
    where: Where = None,
    lane: OneLane = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of each lane, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List refused rows.

    Example: pinlake quarantine list --where "state = 'open' AND array_contains(reasons, 'unique_id.missing')"
    """
    shown = output.table(*_SHOWN)
    with _lanes(lane) as (_, lanes):
        for quarantine in lanes.values():
            for row in _newest(quarantine, where or "true", limit):
                if as_json:
                    print(json.dumps(row, default=str, ensure_ascii=False))
                shown.add_row(*("" if row[name] is None else _text(row[name]) for name in _SHOWN))
    if not as_json:
        output.console(markup=False).print(shown)


@app.command()
def show(
    row_id: Annotated[str, typer.Argument(metavar="ID", help="The row's id, or how it begins.")],
    lane: OneLane = None,
    as_json: AsJson = False,
) -> None:
    """Print all that is known of one refused row, its value included.

    Example: pinlake quarantine show 1f0c --json
    """
    chosen = _begins(row_id)
    with _lanes(lane) as (_, lanes):
        rows = [row for found in lanes.values() for row in _newest(found, chosen, 2)]
    if len(rows) != 1:
        raise UsageError(
            "no such row" if not rows else "more than one row begins like this",
            where=f"id {row_id}",
            hint="`pinlake quarantine list` prints the ids.",
        )
    if as_json:
        print(json.dumps(rows[0], default=str, ensure_ascii=False))
        return
    for name, value in rows[0].items():
        output.console(markup=False).print(f"{name}: {_text(value)}")


@app.command()
def export(
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    where: Where = None,
    lane: OneLane = None,
) -> None:
    """Write refused rows into a file, one JSON object a line; bytes that are no text as value_base64.

    Example: pinlake quarantine export --to refused.jsonl --where "state = 'open'"
    """
    count = 0
    with _lanes(lane) as (_, lanes), to.open("w", encoding="utf-8") as file:
        for quarantine in lanes.values():
            for row in quarantine.select(where or "true").toLocalIterator():
                file.write(json.dumps(_plain(row.asDict(recursive=True)), default=str, ensure_ascii=False))
                file.write("\n")
                count += 1
    print(f"{count} rows in {to}")


@app.command()
def fix(
    row_id: Id = None,
    json_file: Annotated[Path | None, typer.Option(help="The corrected pin, whole.")] = None,
    where: Where = None,
    assignments: Annotated[list[str] | None, typer.Option("--set", help='"field = SQL".')] = None,
    lane: OneLane = None,
    note: Note = None,
) -> None:
    """Correct open rows: one with a whole pin, many with SQL. They stay open until they are replayed.

    Example: pinlake quarantine fix --where "unique_id = 'pin-7'" --set "unique_id = uuid()"
    """
    chosen, pairs = _chosen(row_id, where), _pairs(assignments or [])
    if json_file is not None:
        corrected = _whole_pin(json_file)
    elif not assignments:
        raise UsageError("nothing to correct", where="quarantine fix", hint="Give --json-file or --set.")
    from lakehouse.operations import replay

    with _lanes(lane, writes=True) as (_, lanes):
        value = replay.corrected_document(corrected) if json_file else replay.corrected_fields(pairs)
        count = sum(found.fix(chosen, value, note=note) for found in lanes.values())
    print(f"{count} rows corrected")


@app.command("replay")
def replay_rows(
    row_id: Id = None,
    where: Where = None,
    lane: OneLane = None,
    note: Note = None,
    wait: Wait = 0.0,
) -> None:
    """Send open rows through the gates again, corrected if they were, under their own event ids.

    It can neither double a pin nor replace a newer event, and may be run again at any time. The batch
    lane's silver and gold must not be at work meanwhile; the stream may.

    Example: pinlake quarantine replay --where "true"
    """
    chosen = _chosen(row_id, where)
    from lakehouse.pipelines import batch as batch_lane
    from lakehouse.serving.postgres import ServingDatabase

    with (
        sole_writer("quarantine replay", _replayed_into(lane), wait=wait) as settings,
        _lanes(lane, settings=settings) as (lake, lanes),
    ):
        for name, quarantine in lanes.items():
            done = quarantine.replay(
                chosen,
                text_policy=settings.text_policy,
                serving=ServingDatabase(settings.postgres) if name == "stream" else None,
                note=note,
            )
            if name == "batch":
                # Judges and publishes silver, then takes what has changed into gold.
                batch_lane.run_gold(lake)
            print(f"{name}: {_told(done)}")


@app.command()
def drop(
    note: Annotated[str, typer.Option(help="Why; kept with the row.")],
    row_id: Id = None,
    where: Where = None,
    lane: OneLane = None,
) -> None:
    """Give open rows up. They stay in the table, marked.

    Example: pinlake quarantine drop --where "array_contains(reasons, 'value.missing')" --note "tombstones"
    """
    chosen = _chosen(row_id, where)
    with _lanes(lane, writes=True) as (_, lanes):
        count = sum(found.drop(chosen, note=note) for found in lanes.values())
    print(f"{count} rows dropped")


def _told(done: ReplayResult) -> str:
    if not done.tried:
        return "no open row is chosen; those that were replayed or dropped stay as they are"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in done.refused.items())
    refused = f"; still refused: {reasons}" if reasons else ""
    return f"{done.tried:,} rows tried, {done.passed:,} passed{refused}"


def _replayed_into(lane: str | None) -> list[str]:
    from lakehouse.delta.locks import table_locks

    # The stream's own merges bear others beside them: it need not stop for a correction.
    return [] if lane == "stream" else [table_locks.SILVER_LOCK, table_locks.GOLD_LOCK]


@contextmanager
def _lanes(
    only: str | None, *, writes: bool = False, settings: Settings | None = None
) -> Iterator[tuple[DeltaLake, dict[str, Quarantine]]]:
    """Open the quarantine of the chosen lanes.

    Args:
        only: one lane; None for both.
        writes: whether to check first that the store can arbitrate between writers, which writes an object.
        settings: of `sole_writer`, which has checked that; None to load them.
    """
    from foundation import settings as settings_module
    from foundation.clients import s3_client
    from lakehouse.catalog.tables import BATCH, STREAM
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.operations.replay import Quarantine
    from lakehouse.spark.log_store import probe

    chosen = [lane for lane in (BATCH, STREAM) if only in (None, lane.name)]
    if not chosen:
        raise UsageError(f"no lane {only}", where="--lane", hint="There are: batch, stream.")
    if settings is None:
        settings = settings_module.load()
        if writes:
            probe.require_conditional_writes(s3_client(settings.s3), settings.s3)
    with asking_spark(settings, app="pinlake quarantine") as spark, telling_failures():
        lake = DeltaLake.of(spark, settings)
        yield lake, {lane.name: Quarantine(lake, lane) for lane in chosen}


def _newest(quarantine: Quarantine, where: str, limit: int) -> list[dict[str, Any]]:
    rows = quarantine.select(where).orderBy("quarantined_at", ascending=False).limit(limit).collect()
    return [_plain(row.asDict(recursive=True)) for row in rows]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if not isinstance(value, bytes | bytearray):
            plain[name] = value
            continue
        try:
            plain[name] = value.decode()
        except UnicodeDecodeError:
            plain[f"{name}_base64"] = base64.b64encode(value).decode()
    return plain


def _chosen(row_id: str | None, where: str | None) -> str:
    if (row_id is None) == (where is None):
        raise UsageError("which rows?", where="quarantine", hint="Give either --id or --where.")
    return where if where is not None else _begins(row_id or "")


def _begins(row_id: str) -> str:
    if not row_id or not all(digit in "0123456789abcdef" for digit in row_id):
        raise UsageError("an id has hexadecimal digits", where=f"id {row_id}", hint="Copy it from the list.")
    return f"startswith(id, '{row_id}')"


def _whole_pin(path: Path) -> str:
    """Return what a file holds if it is one JSON object; whether that is a good pin the gates will say."""
    hint = "Give one pin, as {...}."
    try:
        text = path.read_text(encoding="utf-8")
        pin = json.loads(text)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), hint=hint) from None
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", where=str(path), hint=hint) from None
    if not isinstance(pin, dict):
        raise UsageError("not a JSON object", where=str(path), hint=hint)
    return text


def _pairs(assignments: list[str]) -> dict[str, str]:
    pairs = {}
    for assignment in assignments:
        field, equals, expression = assignment.partition("=")
        if not equals:
            raise UsageError("no =", where=f"--set {assignment}", hint='Write "field = SQL".')
        pairs[field.strip()] = expression.strip()
    return pairs


def _text(value: object) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
