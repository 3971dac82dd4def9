"""SQL queries run by Spark; `lakehouse.query.duckdb_engine` runs small queries without it."""

from __future__ import annotations

import sqlglot
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from sqlglot import exp

from foundation.errors import UsageError, first_line
from lakehouse.catalog.errors import NotPublishedError, TableNotFoundError
from lakehouse.catalog.tables import PUBLISHED, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.publish import published_version
from lakehouse.query import statement as statements
from lakehouse.query.statement import Dialect, Reference

_LATEST = (
    "SELECT * EXCEPT (_rank) FROM (SELECT *, row_number() "
    f"OVER (PARTITION BY {statements.PIN} ORDER BY {statements.ORDER} DESC) AS _rank FROM {{table}}) "
    "WHERE _rank = 1"
)


def run(lake: DeltaLake, statement: str, *, unpublished: bool = False) -> DataFrame:
    """Return the rows of a query.

    Only the tables that the query names are opened. `VERSION AS OF 3` or `TIMESTAMP AS OF '2026-01-31'` may
    follow a table's name; without it, a table of the batch lane is read at its published version.

    Args:
        lake: the lakehouse.
        statement: one SELECT, in Spark's SQL.
        unpublished: read the newest version, whether published or not.

    Raises:
        UsageError: the statement is not one query, a table does not exist, or Spark rejects the query.
    """
    query = statements.parse_query(statement)
    references = statements.table_references(query)
    for table in dict.fromkeys(reference.table for reference in references):
        _register(lake, table)
    if not unpublished:
        statement = _add_published_versions(lake, statement, references)
    if any(reference.is_latest for reference in references):
        statement = _choose_latest(statement)
    try:
        return lake.spark.sql(statement)
    except PySparkException as error:
        raise UsageError(
            first_line(error), where=statements.WHERE, hint="Correct it and run it again."
        ) from None


def _add_published_versions(lake: DeltaLake, statement: str, references: list[Reference]) -> str:
    """Add VERSION AS OF to every reference to a batch table that names no version."""
    inserts = []
    for reference in references:
        table, node = reference.table, reference.node
        if table not in PUBLISHED or node.args.get("version"):
            continue
        version = published_version(lake, table)
        if version is None:
            raise NotPublishedError(table, where=lake.path(table))
        inserts.append((node.parts[-1].meta["end"] + 1, f" VERSION AS OF {version}"))
    for index, text in sorted(inserts, reverse=True):
        statement = statement[:index] + text + statement[index:]
    return statement


def _choose_latest(statement: str) -> str:
    """Put a subquery in the place of every reference to the newest row of each pin.

    Spark applies a condition on unique_id before it chooses, because it holds for all rows of a pin or for
    none, and any other one afterwards. It reads the columns that the statement uses, and those of the choice.
    """
    query = statements.parse_query(statement)
    for reference in statements.table_references(query):
        if not reference.is_latest:
            continue
        node, table = reference.node, reference.table
        latest = sqlglot.parse_one(_LATEST.format(table=table.full_name), dialect=Dialect)
        history = next(named for named in latest.find_all(exp.Table) if named.db)
        history.set("version", node.args.get("version"))
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name))
        node.replace(exp.Subquery(this=latest, alias=alias, sample=node.args.get("sample")))
        for column in query.find_all(exp.Column):
            if f"{column.db}.{column.table}".lower() == table.latest_name:
                column.set("db", None)
    return query.sql(dialect=Dialect)


def _register(lake: DeltaLake, table: Table) -> None:
    path = lake.path(table)
    if not lake.exists(table):
        raise TableNotFoundError(table, where=path)
    lake.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
    # An external table: Spark does not manage its files. Another location may be registered under its name.
    lake.spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
    lake.spark.sql(f"CREATE TABLE {table.full_name} USING delta LOCATION '{path}'")
