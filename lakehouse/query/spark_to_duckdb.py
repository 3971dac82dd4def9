"""Translation of a query from Spark's SQL to DuckDB's, with the column names that Spark would give.

Some functions of both engines differ for bytes, timestamps and invalid JSON; macros with Spark's meaning
replace them.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from lakehouse.query.statement import Dialect

_TEXT, _LENGTH, _DECODE = "spark_string", "spark_length", "spark_decode"
# DuckDB chooses the branch from the type, before it reads any row.
_MACROS = {
    _LENGTH: "CASE WHEN typeof(x) = 'BLOB' THEN octet_length(TRY_CAST(x AS BLOB)) "
    "ELSE length(CAST(x AS VARCHAR)) END",
    _TEXT: f"CASE typeof(x) WHEN 'BLOB' THEN {_DECODE}(TRY_CAST(x AS BLOB)) "
    "WHEN 'TIMESTAMP WITH TIME ZONE' THEN CAST(TRY_CAST(x AS TIMESTAMP) AS VARCHAR) "
    "ELSE CAST(x AS VARCHAR) END",
}


class UntranslatableError(Exception):
    """DuckDB's SQL cannot express the query."""


def name_columns(query: exp.Query) -> None:
    """Give unnamed columns the names that Spark gives them."""
    for select in list(query.find_all(exp.Select)):
        select.set("expressions", [_named(projection) for projection in select.expressions])


def to_duckdb(query: exp.Expr) -> str:
    """Return a query in DuckDB's SQL.

    Raises:
        UntranslatableError: DuckDB's SQL cannot express the query.
    """
    try:
        return query.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise UntranslatableError(" ".join(str(error).split())) from None


def replace_table(reference: exp.Table, name: str) -> None:
    """Let a reference read another table under the name that the query uses for it."""
    if not reference.alias:
        reference.set("alias", exp.TableAlias(this=exp.to_identifier(reference.name)))
    reference.set("this", exp.to_identifier(name, quoted=True))
    for argument in ("db", "catalog", "version"):
        reference.set(argument, None)


def unqualify(query: exp.Query) -> None:
    """Qualify columns by table only: `silver.pins_batch.title` becomes `pins_batch.title`."""
    for column in query.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)


def replace_functions(query: exp.Expr) -> exp.Expr:
    """Return the query with Spark's meaning of the functions that differ."""
    return query.transform(_with_spark_meaning)


def define_functions(connection: DuckDBPyConnection, query: exp.Expr) -> None:
    """Create the macros that a query calls. Creating one may import numpy, so none is created in advance."""
    called = {call.name for call in query.find_all(exp.Anonymous)}
    if _TEXT in called:
        connection.create_function(_DECODE, _decode, ["BLOB"], "VARCHAR")
    for name in called & set(_MACROS):
        connection.execute(f"CREATE MACRO {name}(x) AS {_MACROS[name]}")


def _named(projection: exp.Expr) -> exp.Expr:
    if projection.is_star or isinstance(projection, exp.Alias | exp.Aliases):
        return projection
    return exp.alias_(projection, _spark_name(projection), quoted=True)


def _spark_name(projection: exp.Expr) -> str:
    if isinstance(projection, exp.Column | exp.Dot | exp.Literal):
        return projection.name
    if isinstance(projection, exp.Cast) and isinstance(projection.this, exp.Column):
        return projection.this.name
    if isinstance(projection, exp.Explode):
        return "col"
    if isinstance(projection, exp.Subquery):
        return "scalarsubquery()"
    plain = projection.transform(_without_quotes)
    text = plain.sql(dialect=Dialect, normalize_functions="lower").replace("count(*)", "count(1)")
    return f"({text})" if isinstance(plain, exp.Binary) and not isinstance(plain, exp.Func) else text


def _without_quotes(node: exp.Expr) -> exp.Expr:
    return exp.var(node.name) if isinstance(node, exp.Literal) and node.is_string else node


def _with_spark_meaning(node: exp.Expr) -> exp.Expr:
    if (
        isinstance(node, exp.Cast)
        and not isinstance(node, exp.TryCast)
        and node.is_type(*exp.DataType.TEXT_TYPES)
    ):
        return exp.Anonymous(this=_TEXT, expressions=[node.this])
    if isinstance(node, exp.JSONExtract | exp.JSONExtractScalar):
        node.set("this", exp.case().when(exp.func("json_valid", node.this.copy()), node.this.copy()))
    if isinstance(node, exp.Length):
        return exp.Anonymous(this=_LENGTH, expressions=[node.this])
    return node


def _decode(raw: bytes) -> str:
    return raw.decode(errors="replace")
