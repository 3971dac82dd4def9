"""What is to change in a table: rows added, changed and removed, and in which columns."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog import schemas
from lakehouse.catalog.tables import Table

# It says when a row was written, not what it says.
_NOT_COMPARED = "updated_at"


@dataclass(frozen=True)
class Example:
    """One row that changes.

    Attributes:
        kind: added, changed or removed.
        key: its key columns.
        values: of each column that differs, what it was and what it is now.
    """

    kind: Literal["added", "changed", "removed"]
    key: Mapping[str, object]
    values: Mapping[str, tuple[object, object]]


@dataclass(frozen=True)
class Difference:
    """What changes in a table.

    Attributes:
        table: its full name.
        added: rows that it did not have.
        changed: rows that it had with other values.
        removed: rows that it has no more.
        columns: how many of the changed rows differ in each column; those that none differs in are left out.
        examples: the first few, by key.
    """

    table: str
    added: int
    changed: int
    removed: int
    columns: Mapping[str, int]
    examples: tuple[Example, ...]

    @property
    def rows(self) -> int:
        """How many rows change in all."""
        return self.added + self.changed + self.removed


def changes(old: DataFrame, new: DataFrame, table: Table) -> DataFrame:
    """Return the rows in which two states of a table differ. One full join by its key.

    Args:
        old: the table's columns, a row a key.
        new: the same.
        table: the table.

    Returns:
        `key`, `was` and `now`: structs of the table's key and of all its columns. `was` is null for a row
        that is new, `now` for one that goes.
    """
    names = schemas.schema_of(table).fieldNames()
    left, right = old.select(F.struct(*names).alias("was")), new.select(F.struct(*names).alias("now"))
    # A key may be null: category_daily has pins without a category.
    same_key = [F.col(f"was.{name}").eqNullSafe(F.col(f"now.{name}")) for name in table.key]
    key = [F.coalesce(f"was.{name}", f"now.{name}").alias(name) for name in table.key]
    one_sided = F.col("was").isNull() | F.col("now").isNull()
    differ = reduce(operator.or_, map(_differs, _compared(table)), one_sided)
    return left.join(right, same_key, "full").where(differ).select(F.struct(*key).alias("key"), "was", "now")


def summary(changes: DataFrame, table: Table, *, examples: int) -> Difference:
    """Count what changes. One job, and another one if there are to be examples.

    Args:
        changes: see `changes`.
        table: the table.
        examples: how many at most.
    """
    both = F.col("was").isNotNull() & F.col("now").isNotNull()
    figures = [F.count_if(F.col("was").isNull()), F.count_if(both), F.count_if(F.col("now").isNull())]
    figures += [F.count_if(both & _differs(name)) for name in _compared(table)]
    row = changes.agg(*(figure.alias(str(number)) for number, figure in enumerate(figures))).first()
    assert row is not None  # an aggregate without groups has one row
    added, changed, removed, *counts = row
    columns = {name: count for name, count in zip(_compared(table), counts, strict=True) if count}
    shown = _examples(changes, table, examples) if examples and added + changed + removed else ()
    return Difference(table.full_name, added, changed, removed, columns, shown)


def _examples(changes: DataFrame, table: Table, limit: int) -> tuple[Example, ...]:
    first = changes.orderBy("key").limit(limit)
    documents = first.select(*(F.to_json(name) for name in ("key", "was", "now")))
    parsed = ([json.loads(text) if text else {} for text in row] for row in documents.collect())
    return tuple(
        Example("changed" if was and now else "added" if now else "removed", key, _values(was, now, table))
        for key, was, now in parsed
    )


def _values(
    was: Mapping[str, object], now: Mapping[str, object], table: Table
) -> dict[str, tuple[object, object]]:
    pairs = {name: (was.get(name), now.get(name)) for name in _compared(table)}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def _compared(table: Table) -> list[str]:
    return [name for name in schemas.schema_of(table).fieldNames() if name not in (*table.key, _NOT_COMPARED)]


def _differs(name: str) -> Column:
    return ~F.col(f"was.{name}").eqNullSafe(F.col(f"now.{name}"))
