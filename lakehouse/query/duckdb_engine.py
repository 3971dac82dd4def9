"""SQL queries run by DuckDB, without Spark: the rows and columns that a query needs are loaded into it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection
from sqlglot import exp

from foundation.errors import UsageError, first_line
from lakehouse.catalog.errors import NotPublishedError
from lakehouse.catalog.tables import PUBLISHED, Table
from lakehouse.query import duckdb_connection, pushdown, spark_to_duckdb, time_travel
from lakehouse.query import statement as statements
from lakehouse.query.duckdb_connection import quote_identifier
from lakehouse.query.statement import Reference
from lakehouse.query.table_store import TableStore
from lakehouse.query.time_travel import Moment, TableVersion

SPARK_HINT = "Correct it, or run it in Spark with --engine spark."
_FETCH_SIZE = 1000
# DuckDB uses the second wording if the missing column's name is also the name of a result column.
_UNKNOWN_COLUMN = re.compile(r'olumn "([^"]+)" (not found|referenced that exists)')


@dataclass(frozen=True)
class QueryResult:
    """The result of a query.

    Attributes:
        columns: the names of the columns.
        rows: the rows in the query's order; they can be read once.
    """

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def run(store: TableStore, statement: str, *, unpublished: bool = False) -> QueryResult:
    """Return the rows of a query.

    Of each table only the columns that the statement may refer to are read; they are held in memory. Versions
    are chosen as in `lakehouse.query.spark_engine.run`.

    Args:
        store: the bucket of the tables.
        statement: one SELECT, in Spark's SQL.
        unpublished: read the newest version, whether published or not.

    Raises:
        UsageError: the statement is not one query, a table or version does not exist, or DuckDB rejects it.
        TransientError: the object store does not answer.
    """
    query = statements.parse_query(statement)
    connection = duckdb_connection.connect()
    tables = _LoadedTables(query, connection)
    for reference in statements.table_references(query):
        if reference.node.args.get("version"):
            moment: Moment | None = _requested_moment(reference.node)
        else:
            moment = _default_version(store, reference.table, unpublished=unpublished)
        tables.load(reference, time_travel.table_at(store, reference.table, moment))
    spark_to_duckdb.unqualify(query)
    spark_to_duckdb.name_columns(query)
    translated = spark_to_duckdb.replace_functions(query)
    spark_to_duckdb.define_functions(connection, translated)
    try:
        result = duckdb_connection.lock_down(connection).execute(spark_to_duckdb.to_duckdb(translated))
    except (duckdb.Error, spark_to_duckdb.UntranslatableError) as error:
        raise _query_error(error, columns=tables.columns) from None
    return QueryResult(tuple(column[0] for column in result.description or ()), _fetch(result))


_KEEP_LATEST = (
    f"CREATE OR REPLACE TABLE {{table}} AS SELECT * FROM {{table}} QUALIFY row_number() "
    f"OVER (PARTITION BY {statements.PIN} ORDER BY {statements.ORDER} DESC) = 1"
)


class _LoadedTables:
    """The tables loaded for a query. The same rows of the same version are loaded only once.

    Attributes:
        columns: the columns of the tables, in order.
    """

    def __init__(self, query: exp.Query, connection: DuckDBPyConnection) -> None:
        self._query = query
        self._connection = connection
        self._names: dict[tuple[Table, int, str | None, bool], str] = {}
        self.columns: dict[str, None] = {}

    def load(self, reference: Reference, version: TableVersion) -> None:
        """Load a version, unless it is loaded already, and let the reference read it."""
        schema = version.log.schema()
        self.columns |= dict.fromkeys(field.name for field in schema.fields)
        # Before the newest row of a pin is chosen, a condition may only leave out whole pins.
        only = (statements.PIN,) if reference.is_latest else None
        predicate = pushdown.pushed_predicate(reference.node, schema, only=only)
        source = (version.table, version.number, predicate, reference.is_latest)
        if source not in self._names:
            name = self._names[source] = f"read {len(self._names)}"
            order = (statements.PIN, statements.ORDER) if reference.is_latest else ()
            columns = pushdown.needed_columns(self._query, schema, always=order)
            version.load_into(self._connection, name, columns=columns, predicate=predicate)
            if reference.is_latest:
                self._connection.execute(_KEEP_LATEST.format(table=quote_identifier(name)))
        spark_to_duckdb.replace_table(reference.node, self._names[source])


def _default_version(store: TableStore, table: Table, *, unpublished: bool) -> int | None:
    if unpublished or table not in PUBLISHED:
        return None
    version = store.published_version(table)
    if version is None:
        raise NotPublishedError(table, where=store.table_url(table))
    return version


def _requested_moment(reference: exp.Table) -> Moment:
    """Return the version or time that VERSION AS OF or TIMESTAMP AS OF names."""
    clause = reference.args["version"]
    value, where = clause.expression, f"{reference.name} {clause.name} AS OF"
    if isinstance(value, exp.Literal):
        text = value.name
    elif value and clause.name == "VERSION":
        text = value.sql()
    else:
        text = _evaluate(value, where)
    moment = time_travel.parse_moment(text, where=where)
    if isinstance(moment, int) != (clause.name == "VERSION"):
        raise UsageError(
            f"{text!r} is not a {clause.name.lower()}",
            where=where,
            hint="Write VERSION AS OF 12, or TIMESTAMP AS OF '2026-01-31 12:00'.",
        )
    return moment


def _evaluate(value: exp.Expr | None, where: str) -> str:
    if value is None:
        raise UsageError("a version or time is missing", where=where, hint="Write VERSION AS OF 12.")
    text = value.sql(dialect="duckdb")
    try:
        result = duckdb_connection.lock_down(duckdb_connection.connect()).execute(
            f"SELECT CAST(CAST(({text}) AS TIMESTAMPTZ) AS VARCHAR)"
        )
        return str((result.fetchone() or ("",))[0])
    except duckdb.Error as error:
        raise _query_error(error) from None


def _fetch(result: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    try:
        while rows := result.fetchmany(_FETCH_SIZE):
            yield from rows
    except duckdb.Error as error:
        raise _query_error(error) from None


def _query_error(error: Exception, columns: Collection[str] = ()) -> UsageError:
    unknown = _UNKNOWN_COLUMN.search(str(error))
    if unknown and columns:
        hint = f"There are: {', '.join(columns)}."
        return UsageError(f"no column {unknown[1]!r}", where=statements.WHERE, hint=hint)
    return UsageError(first_line(error), where=statements.WHERE, hint=SPARK_HINT)
