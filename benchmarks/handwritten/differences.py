"""The differences between two frames, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from foundation.errors import TerminalError

_SHOWN = 5


@dataclass(frozen=True)
class Difference:
    """A value that differs.

    Attributes:
        rows: checked, silver or features.
        key: offset of a checked record, unique_id of the others.
        column: the column; "row" if only one of the pipelines has the row.
        ours: Pinlake's value.
        theirs: the value of the hand-written pipeline.
    """

    rows: str
    key: Any
    column: str
    ours: Any
    theirs: Any


def find_differences(
    rows: str, ours: pl.DataFrame, theirs: pl.DataFrame, *, key: str
) -> Iterator[Difference]:
    """Yield the differences of two frames with the same columns, in which a key occurs once."""
    if ours.schema != theirs.schema:
        yield Difference(rows, None, "schema", ours.schema, theirs.schema)
        return
    for one, other, is_ours in ((ours, theirs, True), (theirs, ours, False)):
        for each in one.join(other, key, "anti")[key]:
            yield Difference(rows, each, "row", is_ours, not is_ours)
    both = ours.join(theirs, key, suffix="/theirs", maintain_order="left")
    for name in ours.columns:
        if name != key:
            differing = both.filter(pl.col(name).ne_missing(pl.col(f"{name}/theirs")))
            for row in differing.select(key, name, f"{name}/theirs").iter_rows():
                yield Difference(rows, row[0], name, row[1], row[2])


def require_none(differences: Sequence[Difference], *, where: str) -> None:
    """Raise if the pipelines differ.

    Raises:
        TerminalError: a value differs; the error names the first ones.
    """
    if not differences:
        return
    shown = "; ".join(map(str, differences[:_SHOWN]))
    raise TerminalError(
        f"the hand-written pipeline differs in {len(differences)} values, such as {shown}",
        where=where,
        hint="Correct it first, because what is timed must do the same: `python -m benchmarks.handwritten`.",
    )
