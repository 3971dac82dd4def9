"""Translation to DuckDB's SQL: columns get the names that Spark gives them."""

from __future__ import annotations

import duckdb
import pytest

from lakehouse.query import spark_to_duckdb, statement


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("SELECT count(*), COUNT(DISTINCT x), max(x) FROM t", ["count(1)", "count(DISTINCT x)", "max(x)"]),
        (
            "SELECT 1 + 1, 'a', X, t.x AS y, CAST(x AS STRING) FROM t",
            ["(1 + 1)", "a", "X", "y", "x"],
        ),
        ("SELECT * FROM (SELECT sum(x) FROM t)", ["sum(x)"]),
        ("SELECT explode(tags) FROM t", ["col"]),
        ("SELECT t.* FROM t", ["x", "tags"]),
        (
            "SELECT (SELECT 1), array_contains(tags, 'a') FROM t",
            ["scalarsubquery()", "array_contains(tags, a)"],
        ),
    ],
)
def test_columns_get_the_names_that_spark_gives_them(text: str, columns: list[str]) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT 1 AS x, ['a', 'b'] AS tags")

    query = statement.parse_query(text)
    spark_to_duckdb.name_columns(query)
    result = connection.execute(spark_to_duckdb.to_duckdb(query))

    assert [column[0] for column in result.description or ()] == columns
