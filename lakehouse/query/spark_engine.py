"""SQL queries run by Spark; `lakehouse.query.duckdb_engine` runs small queries without it."""

from __future__ import annotations

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from sqlglot import exp

from foundation.errors import UsageError, first_line
from lakehouse.catalog.errors import NotPublishedError, TableNotFoundError
from lakehouse.catalog.tables import PUBLISHED, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.publish import published_version
from lakehouse.query import statement as statements


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
    references = statements.table_references(statements.parse_query(statement))
    for table in dict.fromkeys(table for _, table in references):
        _register(lake, table)
    if not unpublished:
        statement = _add_published_versions(lake, statement, references)
    try:
        return lake.spark.sql(statement)
    except PySparkException as error:
        raise UsageError(
            first_line(error), where=statements.WHERE, hint="Correct it and run it again."
        ) from None


def _add_published_versions(
    lake: DeltaLake, statement: str, references: list[tuple[exp.Table, Table]]
) -> str:
    """Add VERSION AS OF to every reference to a batch table that names no version."""
    inserts = []
    for reference, table in references:
        if table not in PUBLISHED or reference.args.get("version"):
            continue
        version = published_version(lake, table)
        if version is None:
            raise NotPublishedError(table, where=lake.path(table))
        inserts.append((reference.parts[-1].meta["end"] + 1, f" VERSION AS OF {version}"))
    for index, text in sorted(inserts, reverse=True):
        statement = statement[:index] + text + statement[index:]
    return statement


def _register(lake: DeltaLake, table: Table) -> None:
    path = lake.path(table)
    if not lake.exists(table):
        raise TableNotFoundError(table, where=path)
    lake.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
    # An external table: Spark does not manage its files. Another location may be registered under its name.
    lake.spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
    lake.spark.sql(f"CREATE TABLE {table.full_name} USING delta LOCATION '{path}'")
