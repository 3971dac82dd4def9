"""The printed form of schema drift, for `pinlake drift` and `pinlake status`. It imports no Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from pinlake.cli import console as output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lakehouse.observability.schema_drift.report import Drift, Field

# A smaller share would be printed as 0.0%.
_MIN_SHARE = 0.001


def print_drift(drift: Drift) -> None:
    """Print the schema drift of a lane."""
    console = output.console()
    console.print(f"{drift.lane} lane, {drift.records:,} records since {drift.since[:16]}")
    fields = drift.fields
    for line in _lines("yellow", "new", fields.new):
        console.print(line)
    for line in _lines("yellow", "sometimes of another type:", fields.minority_type):
        console.print(line)
    for line in _lines("red", "of another type:", fields.changed):
        console.print(line)
    for name in fields.lost:
        console.print(f"  [red]lost[/red] {name}: most records do not have it")
    if drift.unlisted:
        console.print(f"  and {drift.unlisted:,} more fields")
    if not (fields.new or fields.minority_type or fields.changed or fields.lost):
        console.print("  [green]every field is as silver expects it")


def _lines(colour: str, what: str, fields: Iterable[Field]) -> Iterable[str]:
    for field in fields:
        types = ", ".join(f"{kind} {count:,}" for kind, count in field.types.items())
        share = f"{field.share:.1%}" if field.share >= _MIN_SHARE else f"under {_MIN_SHARE:.1%}"
        seen = f"in {share} of the records, first seen {field.first_seen[:19]}"
        yield f"  [{colour}]{what}[/{colour}] {escape(field.name)}: {types}; {seen}"
