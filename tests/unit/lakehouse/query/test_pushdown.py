"""Pushdown: a query always reads enough of a table, and less than all of it where that is safe."""

from __future__ import annotations

import pytest
from deltalake.schema import Field, PrimitiveType, Schema
from sqlglot import exp

from lakehouse.catalog.tables import BATCH
from lakehouse.query import pushdown, statement

TABLE = BATCH.silver.full_name
SCHEMA = Schema(
    [
        Field("unique_id", PrimitiveType("string")),
        Field("title", PrimitiveType("string")),
        Field("follower_count", PrimitiveType("integer")),
    ]
)
ALL = [field.name for field in SCHEMA.fields]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (f"SELECT TITLE FROM {TABLE}", ["title"]),
        (f"SELECT s.title FROM {TABLE} s WHERE follower_count > 1", ["title", "follower_count"]),
        (f"SELECT a.title FROM {TABLE} a JOIN {TABLE} b USING (unique_id)", ["unique_id", "title"]),
        (f"SELECT count(*) FROM {TABLE}", ["unique_id"]),
        (f"SELECT * FROM {TABLE}", ALL),
        (f"SELECT s.* FROM {TABLE} s", ALL),
        (f"SELECT a.title FROM {TABLE} a NATURAL JOIN {TABLE} b", ALL),
    ],
)
def test_columns_that_the_query_cannot_refer_to_are_not_read(text: str, columns: list[str]) -> None:
    assert pushdown.needed_columns(statement.parse_query(text), SCHEMA) == columns


@pytest.mark.parametrize(
    ("where", "predicate"),
    [
        ("unique_id = 'a'", "\"unique_id\" = 'a'"),
        ("title >= 'it''s' AND follower_count = 1", "\"title\" >= 'it''s'"),
        ("title = 'a' OR follower_count = 1", None),
        ("lower(title) = 'a'", None),
        ("follower_count = '1'", None),
        ("title = unique_id", None),
    ],
)
def test_only_comparisons_of_text_exclude_rows(where: str, predicate: str | None) -> None:
    query = statement.parse_query(f"SELECT * FROM {TABLE} WHERE {where}")

    assert pushdown.pushed_predicate(_reference(query), SCHEMA) == predicate


def test_columns_that_are_needed_always_are_read() -> None:
    query = statement.parse_query(f"SELECT title FROM {TABLE}")

    assert pushdown.needed_columns(query, SCHEMA, always=["unique_id"]) == ["unique_id", "title"]


def test_only_some_columns_may_exclude_rows() -> None:
    query = statement.parse_query(f"SELECT * FROM {TABLE} WHERE title = 'x' AND unique_id = 'a'")

    assert pushdown.pushed_predicate(_reference(query), SCHEMA, only=["unique_id"]) == "\"unique_id\" = 'a'"


def test_a_join_can_need_rows_that_its_where_excludes() -> None:
    query = statement.parse_query(
        f"SELECT * FROM {TABLE} a LEFT JOIN {TABLE} b USING (title) WHERE a.title = 'x'"
    )

    assert pushdown.pushed_predicate(_reference(query), SCHEMA) is None


def _reference(query: exp.Query) -> exp.Table:
    reference = query.find(exp.Table)
    assert reference is not None
    return reference
