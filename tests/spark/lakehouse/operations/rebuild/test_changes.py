"""Two states of a table are compared: rows, columns and examples."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.catalog import schemas
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.operations.rebuild.changes import ChangedRow, TableChanges, compare_states, summarise
from lakehouse.spark.dataframes import dataframe_from_rows

Row = Mapping[str, object]

PIN: dict[str, object] = {
    "unique_id": "a",
    "title": "A title",
    "tag_list": ["x", "y"],
    "updated_at": "2026-01-01T00:00:00Z",
}
ROWS: list[Row] = [PIN, PIN | {"unique_id": "b"}, PIN | {"unique_id": "c", "title": None}]


def test_added_changed_and_removed_rows_are_counted_and_shown(spark: SparkSession) -> None:
    new: list[Row] = [
        PIN | {"updated_at": "2026-06-01T00:00:00Z"},
        PIN | {"unique_id": "c", "tag_list": ["y", "x"]},
        {"unique_id": "d", "downloaded": 0},
    ]

    changes = _compare(spark, ROWS, new, BATCH.silver, examples=2)

    assert changes == TableChanges(
        "silver.pins_batch",
        added=1,
        changed=1,
        removed=1,
        columns={"title": 1, "tag_list": 1},
        examples=(
            ChangedRow(
                "removed", {"unique_id": "b"}, {"title": ("A title", None), "tag_list": (["x", "y"], None)}
            ),
            ChangedRow(
                "changed",
                {"unique_id": "c"},
                {"title": (None, "A title"), "tag_list": (["x", "y"], ["y", "x"])},
            ),
        ),
    )
    assert changes.rows == 3


def test_equal_rows_do_not_differ(spark: SparkSession) -> None:
    assert _compare(spark, ROWS, ROWS[::-1], BATCH.silver, examples=9).rows == 0


@pytest.mark.parametrize(("pins", "rows"), [(3, 0), (4, 1)])
def test_a_part_of_the_key_may_be_null(spark: SparkSession, pins: int, rows: int) -> None:
    old: dict[str, object] = {"day": "2026-01-30", "category": None, "pins": 3, "median_follower_count": 2.5}

    changes = _compare(spark, [old], [old | {"pins": pins}], CATEGORY_DAILY, examples=0)

    assert (changes.added, changes.changed, changes.removed, changes.examples) == (0, rows, 0, ())


def _compare(
    spark: SparkSession,
    old: list[Row],
    new: list[Row],
    table: Table,
    *,
    examples: int,
) -> TableChanges:
    def frame(rows: list[Row]) -> DataFrame:
        return dataframe_from_rows(spark, rows, schemas.schema_of(table))

    return summarise(compare_states(frame(old), frame(new), table), table, examples=examples)
