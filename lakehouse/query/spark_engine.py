"""SQL over the tables by name, run by Spark; `lakehouse.query.duckdb_engine` runs small queries alone."""

from __future__ import annotations

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from sqlglot import exp

from foundation.errors import UsageError
from lakehouse.catalog.errors import NotPublishedError, TableNotFoundError
from lakehouse.catalog.tables import PUBLISHED, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.publish import published_version
from lakehouse.query import statement as statements


def run(lake: DeltaLake, statement: str, *, unpublished: bool = False) -> DataFrame:
    """Return the rows of a query.

    Only the tables it mentions are looked at. `VERSION AS OF 3` and `TIMESTAMP AS OF '2026-01-31'`
    may follow a table's name; without it a table of the batch lane is read at its published version.

    Args:
        lake: the lakehouse.
        statement: one SELECT, in Spark's SQL.
        unpublished: read the newest version, published or not.

    Raises:
        UsageError: not one query, a table that does not exist or is still empty, or what Spark refuses.
    """
    mentions = statements.table_references(statements.parse_query(statement))
    for table in dict.fromkeys(table for _, table in mentions):
        _register(lake, table)
    if not unpublished:
        statement = _at_published(lake, statement, mentions)
    try:
        return lake.spark.sql(statement)
    except PySparkException as error:
        raise UsageError(
            str(error).strip().splitlines()[0], where=statements.WHERE, hint="Correct it and run it again."
        ) from None


def _at_published(lake: DeltaLake, statement: str, mentions: list[tuple[exp.Table, Table]]) -> str:
    """Add the published version behind the name of every table that has one and is asked for no other."""
    inserts = []
    for place, table in mentions:
        if table not in PUBLISHED or place.args.get("version"):
            continue
        version = published_version(lake, table)
        if version is None:
            raise NotPublishedError(table, where=lake.path(table))
        inserts.append((place.parts[-1].meta["end"] + 1, f" VERSION AS OF {version}"))
    for at, text in sorted(inserts, reverse=True):
        statement = statement[:at] + text + statement[at:]
    return statement


def _register(lake: DeltaLake, table: Table) -> None:
    path = lake.path(table)
    if not lake.exists(table):
        raise TableNotFoundError(table, where=path)
    lake.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
    # The name alone: where the files are is not Spark's to manage, and it may have been elsewhere before.
    lake.spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
    lake.spark.sql(f"CREATE TABLE {table.full_name} USING delta LOCATION '{path}'")
