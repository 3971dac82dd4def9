"""SQL over the tables by name, without Spark: what is needed of them goes into DuckDB, which answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection
from sqlglot import exp

from foundation.errors import UsageError
from lakehouse.catalog.errors import NotPublishedError
from lakehouse.catalog.tables import PUBLISHED, Table
from lakehouse.query import duckdb_connection, pushdown, spark_to_duckdb, time_travel
from lakehouse.query import statement as statements
from lakehouse.query.table_reader import TableStore
from lakehouse.query.time_travel import Moment, TableVersion

SPARK_HINT = "Correct it, or ask Spark with --engine spark."
_FETCHED = 1000
# The second is what DuckDB says where the missing column's name is also the result's.
_UNKNOWN_COLUMN = re.compile(r'olumn "([^"]+)" (not found|referenced that exists)')


@dataclass(frozen=True)
class QueryResult:
    """What a query has found.

    Attributes:
        columns: their names.
        rows: in the query's order, to be read once.
    """

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def run(store: TableStore, statement: str, *, unpublished: bool = False) -> QueryResult:
    """Return the rows of a query.

    Of each table only the columns are read that the statement may mean; they are held in memory. Versions
    are chosen as `lakehouse.query.spark_engine.run` does.

    Args:
        store: where the tables are.
        statement: one SELECT, in Spark's SQL.
        unpublished: read the newest version, published or not.

    Raises:
        UsageError: not one query, a table or version that does not exist, or what DuckDB cannot do.
        TransientError: the store does not answer.
    """
    query = statements.parse_query(statement)
    connection = duckdb_connection.connect()
    tables = _Tables(query, connection)
    for place, table in statements.table_references(query):
        moment = (
            _asked(place) if place.args.get("version") else _default(store, table, unpublished=unpublished)
        )
        tables.put(place, time_travel.table_at(store, table, moment))
    spark_to_duckdb.unqualify(query)
    spark_to_duckdb.name_columns(query)
    meant = spark_to_duckdb.replace_functions(query)
    spark_to_duckdb.define_functions(connection, meant)
    try:
        found = duckdb_connection.lock_down(connection).execute(spark_to_duckdb.to_duckdb(meant))
    except (duckdb.Error, spark_to_duckdb.UntranslatableError) as error:
        raise _refused(error, columns=tables.columns) from None
    return QueryResult(tuple(column[0] for column in found.description or ()), _fetched(found))


class _Tables:
    """What has been read for a query: the same version, for the same rows, only once.

    Attributes:
        columns: of the tables, in their order.
    """

    def __init__(self, query: exp.Query, connection: DuckDBPyConnection) -> None:
        self._query = query
        self._connection = connection
        self._names: dict[tuple[Table, int, str | None], str] = {}
        self.columns: dict[str, None] = {}

    def put(self, place: exp.Table, version: TableVersion) -> None:
        schema = version.log.schema()
        self.columns |= dict.fromkeys(field.name for field in schema.fields)
        predicate = pushdown.pushed_predicate(place, schema)
        source = (version.table, version.number, predicate)
        if source not in self._names:
            name = self._names[source] = f"read {len(self._names)}"
            columns = pushdown.needed_columns(self._query, schema)
            version.load_into(self._connection, name, columns=columns, predicate=predicate)
        spark_to_duckdb.replace_table(place, self._names[source])


def _default(store: TableStore, table: Table, *, unpublished: bool) -> Moment | None:
    if unpublished or table not in PUBLISHED:
        return None
    version = store.published_version(table)
    if version is None:
        raise NotPublishedError(table, where=store.table_url(table))
    return version


def _asked(place: exp.Table) -> Moment:
    """Return the moment that VERSION or TIMESTAMP AS OF names."""
    asked = place.args["version"]
    said, where = asked.expression, f"{place.name} {asked.name} AS OF"
    if isinstance(said, exp.Literal):
        text = said.name
    elif said and asked.name == "VERSION":
        text = said.sql()
    else:
        text = _computed(said, where)
    moment = time_travel.parse_moment(text, where=where)
    if isinstance(moment, int) != (asked.name == "VERSION"):
        raise UsageError(
            f"{text!r} is no {asked.name.lower()}",
            where=where,
            hint="Write VERSION AS OF 12, or TIMESTAMP AS OF '2026-01-31 12:00'.",
        )
    return moment


def _computed(said: exp.Expr | None, where: str) -> str:
    if said is None:
        raise UsageError("a moment is missing", where=where, hint="Write VERSION AS OF 12.")
    text = said.sql(dialect="duckdb")
    try:
        found = duckdb_connection.lock_down(duckdb_connection.connect()).execute(
            f"SELECT CAST(CAST(({text}) AS TIMESTAMPTZ) AS VARCHAR)"
        )
        return str((found.fetchone() or ("",))[0])
    except duckdb.Error as error:
        raise _refused(error) from None


def _fetched(found: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    try:
        while rows := found.fetchmany(_FETCHED):
            yield from rows
    except duckdb.Error as error:
        raise _refused(error) from None


def _refused(error: Exception, columns: Collection[str] = ()) -> UsageError:
    unknown = _UNKNOWN_COLUMN.search(str(error))
    if unknown and columns:
        told = f"There are: {', '.join(columns)}."
        return UsageError(f"no column {unknown[1]!r}", where=statements.WHERE, hint=told)
    return UsageError(str(error).strip().splitlines()[0], where=statements.WHERE, hint=SPARK_HINT)
