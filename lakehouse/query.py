"""SQL over the tables by name."""

from __future__ import annotations

import sqlglot
from delta.tables import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from sqlglot import exp

from lakehouse.quality.publish import published
from lakehouse.tables import PUBLISHED, TABLES, Table
from pinlake.errors import UsageError

_BY_NAME = {table.full_name: table for table in TABLES}


def run(spark: SparkSession, statement: str, *, warehouse: str, unpublished: bool = False) -> DataFrame:
    """Return the rows of a query.

    Only the tables it mentions are looked at. `VERSION AS OF 3` and `TIMESTAMP AS OF '2026-01-31'`
    may follow a table's name; without it a table of the batch lane is read at its published version.

    Args:
        spark: the session.
        statement: one SELECT, in Spark's SQL.
        warehouse: root URL of the tables.
        unpublished: read the newest version, published or not.

    Raises:
        UsageError: not one query, a table that does not exist or is still empty, or what Spark refuses.
    """
    query = _query(statement)
    for table in _mentioned(query):
        _register(spark, table, warehouse=warehouse)
    if not unpublished:
        statement = _at_published(spark, statement, query, warehouse=warehouse)
    try:
        return spark.sql(statement)
    except PySparkException as error:
        raise UsageError(
            str(error).strip().splitlines()[0], where="the SQL statement", mend="Correct it and run it again."
        ) from None


def _query(statement: str) -> exp.Query:
    try:
        parsed = sqlglot.parse_one(statement, dialect="spark")
    except sqlglot.ParseError as error:
        fault = error.errors[0] if error.errors else {}
        raise UsageError(
            f"not SQL: {fault.get('description', 'nothing to parse')}",
            where=f"line {fault.get('line', 1)}, column {fault.get('col', 1)}",
            mend="Correct it and run it again.",
        ) from None
    if not isinstance(parsed, exp.Query):
        raise UsageError(
            "not a query",
            where=f"statement {parsed.key.upper()}",
            mend="Give one SELECT; tables are written by the lanes.",
        )
    return parsed


def _mentioned(query: exp.Query) -> list[Table]:
    common = {cte.alias for cte in query.find_all(exp.CTE)}
    names = {_name(table) for table in query.find_all(exp.Table)} - common
    unknown = sorted(name for name in names if name not in _BY_NAME)
    if unknown:
        raise UsageError(
            f"no table {unknown[0]}",
            where="the SQL statement",
            mend=f"There are: {', '.join(sorted(_BY_NAME))}.",
        )
    return [_BY_NAME[name] for name in sorted(names)]


def _at_published(spark: SparkSession, statement: str, query: exp.Query, *, warehouse: str) -> str:
    """Add the published version behind the name of every table that has one and is asked for no other."""
    inserts = []
    for mentioned in query.find_all(exp.Table):
        table = _BY_NAME.get(_name(mentioned))
        if table not in PUBLISHED or mentioned.args.get("version"):
            continue
        version = published(spark, table, warehouse=warehouse)
        if version is None:
            raise UsageError(
                f"no version of {table.full_name} has been published",
                where=table.path(warehouse),
                mend="Run its step until its suite passes, or ask with --unpublished.",
            )
        inserts.append((mentioned.parts[-1].meta["end"] + 1, f" VERSION AS OF {version}"))
    for place, text in sorted(inserts, reverse=True):
        statement = statement[:place] + text + statement[place:]
    return statement


def _name(table: exp.Table) -> str:
    return ".".join(part.name.lower() for part in table.parts)


def _register(spark: SparkSession, table: Table, *, warehouse: str) -> None:
    path = table.path(warehouse)
    if not DeltaTable.isDeltaTable(spark, path):
        raise UsageError(
            f"table {table.full_name} has no data yet",
            where=path,
            mend="Run its lane first: `pinlake --help` lists the steps.",
        )
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
    spark.sql(f"CREATE TABLE IF NOT EXISTS {table.full_name} USING delta LOCATION '{path}'")
