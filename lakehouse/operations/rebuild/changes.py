"""The changes between two states of a table: rows added, changed and removed, and the columns that differ."""

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

# The time at which a row was written is not part of its content.
_NOT_COMPARED = "updated_at"


@dataclass(frozen=True)
class ChangedRow:
    """One row that changes.

    Attributes:
        kind: added, changed or removed.
        key: the key columns.
        values: the old and the new value of each column that differs.
    """

    kind: Literal["added", "changed", "removed"]
    key: Mapping[str, object]
    values: Mapping[str, tuple[object, object]]


@dataclass(frozen=True)
class TableChanges:
    """The changes of a table. `pinlake rebuild --json` prints these attributes.

    Attributes:
        table: the table's full name.
        added: rows that are only in the new state.
        changed: rows with other values in the new state.
        removed: rows that are only in the old state.
        columns: the number of changed rows that differ in each column; columns without differences are left
            out.
        examples: the first few changed rows, by key.
    """

    table: str
    added: int
    changed: int
    removed: int
    columns: Mapping[str, int]
    examples: tuple[ChangedRow, ...]

    @property
    def rows(self) -> int:
        """The number of rows that change."""
        return self.added + self.changed + self.removed


def compare_states(old: DataFrame, new: DataFrame, table: Table) -> DataFrame:
    """Return the rows in which two states of a table differ. One full join by its key.

    Args:
        old: the old state: the table's columns, one row per key.
        new: the new state, likewise.
        table: the table.

    Returns:
        `key`, `was` and `now`: structs of the table's key and of all its columns. `was` is null for an added
        row, `now` for a removed one.
    """
    names = schemas.schema_of(table).fieldNames()
    left, right = old.select(F.struct(*names).alias("was")), new.select(F.struct(*names).alias("now"))
    # A key column may be null: category_daily has pins without a category.
    same_key = [F.col(f"was.{name}").eqNullSafe(F.col(f"now.{name}")) for name in table.key]
    key = [F.coalesce(f"was.{name}", f"now.{name}").alias(name) for name in table.key]
    one_sided = F.col("was").isNull() | F.col("now").isNull()
    differ = reduce(operator.or_, map(_differs, _compared_columns(table)), one_sided)
    return left.join(right, same_key, "full").where(differ).select(F.struct(*key).alias("key"), "was", "now")


def summarise(changes: DataFrame, table: Table, *, examples: int) -> TableChanges:
    """Count the changes. One job, and a second one for examples.

    Args:
        changes: see `compare_states`.
        table: the table.
        examples: the maximum number of examples.
    """
    both = F.col("was").isNotNull() & F.col("now").isNotNull()
    figures = [F.count_if(F.col("was").isNull()), F.count_if(both), F.count_if(F.col("now").isNull())]
    figures += [F.count_if(both & _differs(name)) for name in _compared_columns(table)]
    row = changes.agg(*(figure.alias(str(number)) for number, figure in enumerate(figures))).first()
    assert row is not None  # an aggregate without groups has one row
    added, changed, removed, *counts = row
    columns = {name: count for name, count in zip(_compared_columns(table), counts, strict=True) if count}
    rows = _read_examples(changes, table, examples) if examples and added + changed + removed else ()
    return TableChanges(table.full_name, added, changed, removed, columns, rows)


def _read_examples(changes: DataFrame, table: Table, limit: int) -> tuple[ChangedRow, ...]:
    first = changes.orderBy("key").limit(limit)
    documents = first.select(*(F.to_json(name) for name in ("key", "was", "now")))
    parsed = ([json.loads(text) if text else {} for text in row] for row in documents.collect())
    return tuple(
        ChangedRow(
            "changed" if was and now else "added" if now else "removed", key, _changed_values(was, now, table)
        )
        for key, was, now in parsed
    )


def _changed_values(
    was: Mapping[str, object], now: Mapping[str, object], table: Table
) -> dict[str, tuple[object, object]]:
    pairs = {name: (was.get(name), now.get(name)) for name in _compared_columns(table)}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def _compared_columns(table: Table) -> list[str]:
    return [name for name in schemas.schema_of(table).fieldNames() if name not in (*table.key, _NOT_COMPARED)]


def _differs(name: str) -> Column:
    return ~F.col(f"was.{name}").eqNullSafe(F.col(f"now.{name}"))
