"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from foundation.errors import UsageError

if TYPE_CHECKING:
    from lakehouse.catalog.tables import Lane

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line, and nothing else.")]
LaneName = Annotated[str | None, typer.Option("--lane", help="batch or stream; default: both.")]
TableName = Annotated[str, typer.Argument(help="A table, e.g. silver.pins_batch.")]
Wait = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for another writer to finish.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def require_yes(yes: bool, *, as_json: bool, where: str) -> None:
    """Refuse to ask a question when JSON is printed.

    Raises:
        UsageError: the answer was not given.
    """
    if as_json and not yes:
        raise UsageError("--json asks no question", where=where, hint="Give --yes too.")


def select_lanes(name: str | None) -> list[Lane]:
    """Return the lane of this name, or both lanes for None.

    Raises:
        UsageError: there is no lane of this name.
    """
    from lakehouse.catalog.tables import BATCH, STREAM

    lanes = [lane for lane in (BATCH, STREAM) if name in (None, lane.name)]
    if not lanes:
        raise UsageError(f"no lane {name}", where="--lane", hint="Choose batch or stream.")
    return lanes
