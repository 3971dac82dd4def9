"""The printed form of schema drift, for `pinlake drift` and `pinlake status`. It imports no Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from pinlake.cli import console as output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lakehouse.observability.schema_drift.report import Drift, Field

# A smaller share would be printed as none.
_LEAST = 0.001


def print_drift(told: Drift) -> None:
    """Print what has drifted in a lane."""
    console = output.console()
    console.print(f"{told.lane} lane, {told.records:,} records since {told.since[:16]}")
    fields = told.fields
    for line in _lines("yellow", "new", fields.new):
        console.print(line)
    for line in _lines("yellow", "now and then of another type:", fields.minority_type):
        console.print(line)
    for line in _lines("red", "of another type:", fields.changed):
        console.print(line)
    for name in fields.lost:
        console.print(f"  [red]lost[/red] {name}: most records have none")
    if told.unlisted:
        console.print(f"  and {told.unlisted:,} fields more")
    if not (fields.new or fields.minority_type or fields.changed or fields.lost):
        console.print("  [green]every field is as silver expects it")


def _lines(colour: str, what: str, fields: Iterable[Field]) -> Iterable[str]:
    for field in fields:
        types = ", ".join(f"{kind} {count:,}" for kind, count in field.types.items())
        share = f"{field.share:.1%}" if field.share >= _LEAST else f"under {_LEAST:.1%}"
        seen = f"in {share} of the records, first seen {field.first_seen[:19]}"
        yield f"  [{colour}]{what}[/{colour}] {escape(field.name)}: {types}; {seen}"
