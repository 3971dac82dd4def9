"""`pinlake quarantine`: rejected rows are listed, corrected, replayed or dropped."""

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
from pinlake.cli.commands.quality import printing_failures
from pinlake.cli.options import AsJson, LaneName, Wait, select_lanes
from pinlake.cli.spark_session import short_spark_session
from pinlake.cli.write_lock import write_lock

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.operations.quarantine import Quarantine, ReplayResult

app = typer.Typer(
    no_args_is_help=True,
    help="List, correct, replay or drop rejected rows.\n\nExample: pinlake quarantine list",
)
Where = Annotated[
    str | None, typer.Option(help="SQL on the columns of quarantine and the fields of the pin (text).")
]
Id = Annotated[str | None, typer.Option("--id", help="One row, by its id.")]
Note = Annotated[str | None, typer.Option(help="The reason; stored with the row.")]
_SHOWN = ("id", "layer", "state", "reasons", "topic", "partition", "offset", "quarantined_at", "note")


@app.command("list")
def list_rows(
    where: Where = None,
    lane: LaneName = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows per lane, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List rejected rows.

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
    row_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the row, or a prefix of it.")],
    lane: LaneName = None,
    as_json: AsJson = False,
) -> None:
    """Print all columns of one rejected row, including its value.

    Example: pinlake quarantine show 1f0c --json
    """
    condition = _has_prefix(row_id)
    with _lanes(lane) as (_, lanes):
        rows = [row for quarantine in lanes.values() for row in _newest(quarantine, condition, 2)]
    if len(rows) != 1:
        raise UsageError(
            "no such row" if not rows else "more than one row has this prefix",
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
    lane: LaneName = None,
) -> None:
    """Write rejected rows to a file, one JSON object per line; a value that is not text is in value_base64.

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
    json_file: Annotated[Path | None, typer.Option(help="File with the complete corrected pin.")] = None,
    where: Where = None,
    assignments: Annotated[list[str] | None, typer.Option("--set", help='"field = SQL".')] = None,
    lane: LaneName = None,
    note: Note = None,
) -> None:
    """Correct open rows: one with a complete pin, or many with SQL. They stay open until they are replayed.

    Example: pinlake quarantine fix --where "unique_id = 'pin-7'" --set "unique_id = uuid()"
    """
    condition, pairs = _condition(row_id, where), _pairs(assignments or [])
    if json_file is not None:
        corrected = _read_pin(json_file)
    elif not assignments:
        raise UsageError("nothing to correct", where="quarantine fix", hint="Give --json-file or --set.")
    from lakehouse.operations.quarantine import corrected_document, corrected_fields

    with _lanes(lane, writes=True) as (_, lanes):
        value = corrected_document(corrected) if json_file else corrected_fields(pairs)
        count = sum(quarantine.fix(condition, value, note=note) for quarantine in lanes.values())
    print(f"{count} rows corrected")


@app.command("replay")
def replay_rows(
    row_id: Id = None,
    where: Where = None,
    lane: LaneName = None,
    note: Note = None,
    wait: Wait = 0.0,
) -> None:
    """Send open rows, with their corrections, through the gates again under their own event ids.

    It cannot duplicate a pin or replace a newer event, and may be run again at any time. The steps silver and
    gold of the batch lane may not run meanwhile; the stream may.

    Example: pinlake quarantine replay --where "true"
    """
    condition = _condition(row_id, where)
    from lakehouse.pipelines import batch as batch_lane
    from lakehouse.serving.postgres import ServingDatabase

    with (
        write_lock("quarantine replay", _locks(lane), wait=wait) as settings,
        _lanes(lane, settings=settings) as (lake, lanes),
    ):
        for name, quarantine in lanes.items():
            result = quarantine.replay(
                condition,
                text_policy=settings.text_policy,
                serving=ServingDatabase(settings.postgres) if name == "stream" else None,
                note=note,
            )
            if name == "batch":
                # This audits and publishes silver, then updates gold with its changes.
                batch_lane.run_gold(lake)
            print(f"{name}: {_summary(result)}")


@app.command()
def drop(
    note: Annotated[str, typer.Option(help="The reason; stored with the row.")],
    row_id: Id = None,
    where: Where = None,
    lane: LaneName = None,
) -> None:
    """Drop open rows. They stay in the table, marked as dropped.

    Example: pinlake quarantine drop --where "array_contains(reasons, 'value.missing')" --note "tombstones"
    """
    condition = _condition(row_id, where)
    with _lanes(lane, writes=True) as (_, lanes):
        count = sum(quarantine.drop(condition, note=note) for quarantine in lanes.values())
    print(f"{count} rows dropped")


def _summary(result: ReplayResult) -> str:
    if not result.tried:
        return "no open row matches; rows that were replayed or dropped do not change"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in result.refused.items())
    rejected = f"; still rejected: {reasons}" if reasons else ""
    return f"{result.tried:,} rows tried, {result.passed:,} passed{rejected}"


def _locks(lane: str | None) -> list[str]:
    from lakehouse.delta.locks import table_locks

    # The stream can run meanwhile: an append that another writer's conflicts with is tried again.
    return [] if lane == "stream" else [table_locks.SILVER_LOCK, table_locks.GOLD_LOCK]


@contextmanager
def _lanes(
    name: str | None, *, writes: bool = False, settings: Settings | None = None
) -> Iterator[tuple[DeltaLake, dict[str, Quarantine]]]:
    """Open the quarantine of the selected lanes.

    Args:
        name: one lane; None for both.
        writes: check first that the object store supports conditional writes; the check writes an object.
        settings: settings of `write_lock`, which has made this check; None to load them.
    """
    from foundation import settings as settings_module
    from foundation.object_store import ObjectStore
    from lakehouse.catalog import locations
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.operations.quarantine import Quarantine

    lanes = select_lanes(name)
    if settings is None:
        settings = settings_module.load()
        if writes and not settings.s3.single_writer:
            ObjectStore.open(settings.s3).require_conditional_writes(locations.TABLES)
    with short_spark_session(settings, app="pinlake quarantine") as spark, printing_failures():
        lake = DeltaLake.of(spark, settings)
        yield lake, {lane.name: Quarantine(lake, lane) for lane in lanes}


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


def _condition(row_id: str | None, where: str | None) -> str:
    if (row_id is None) == (where is None):
        raise UsageError("which rows?", where="quarantine", hint="Give either --id or --where.")
    return where if where is not None else _has_prefix(row_id or "")


def _has_prefix(row_id: str) -> str:
    if not row_id or not all(digit in "0123456789abcdef" for digit in row_id):
        raise UsageError("an id has hexadecimal digits", where=f"id {row_id}", hint="Copy it from the list.")
    return f"startswith(id, '{row_id}')"


def _read_pin(path: Path) -> str:
    """Return the text of a file if it is one JSON object; the gates decide whether it is a valid pin."""
    hint = "Give one pin, as {...}."
    try:
        text = path.read_text(encoding="utf-8")
        pin = json.loads(text)
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror}", where=str(path), hint=hint) from None
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
