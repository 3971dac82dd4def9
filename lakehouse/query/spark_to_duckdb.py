"""A query in Spark's SQL, in DuckDB's words and with the column names that Spark would give."""

from __future__ import annotations

from duckdb import DuckDBPyConnection
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from lakehouse.query.statement import Dialect

_TEXT, _LENGTH, _DECODE = "spark_string", "spark_length", "spark_decode"
# Which branch is taken is known before any row is looked at.
_MACROS = {
    _LENGTH: "CASE WHEN typeof(x) = 'BLOB' THEN octet_length(TRY_CAST(x AS BLOB)) "
    "ELSE length(CAST(x AS VARCHAR)) END",
    _TEXT: f"CASE typeof(x) WHEN 'BLOB' THEN {_DECODE}(TRY_CAST(x AS BLOB)) "
    "WHEN 'TIMESTAMP WITH TIME ZONE' THEN CAST(TRY_CAST(x AS TIMESTAMP) AS VARCHAR) "
    "ELSE CAST(x AS VARCHAR) END",
}


class UntranslatableError(Exception):
    """DuckDB has no words for it."""


def name_columns(query: exp.Query) -> None:
    """Give columns without a name the one they have in Spark."""
    for select in list(query.find_all(exp.Select)):
        select.set("expressions", [_named(projection) for projection in select.expressions])


def to_duckdb(query: exp.Expr) -> str:
    """Return a query in DuckDB's SQL.

    Raises:
        UntranslatableError: it asks for what DuckDB cannot say.
    """
    try:
        return query.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise UntranslatableError(" ".join(str(error).split())) from None


def replace_table(place: exp.Table, name: str) -> None:
    """Let a place in a query read the table of this name; the query goes on calling it what it did."""
    if not place.alias:
        place.set("alias", exp.TableAlias(this=exp.to_identifier(place.name)))
    place.set("this", exp.to_identifier(name, quoted=True))
    for gone in ("db", "catalog", "version"):
        place.set(gone, None)


def unqualify(query: exp.Query) -> None:
    """Name columns by table alone: `silver.pins_batch.title` is `pins_batch.title`."""
    for column in query.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)


def replace_functions(query: exp.Expr) -> exp.Expr:
    """Return a query that calls them where Spark would mean them."""
    return query.transform(_meant)


def define_functions(connection: DuckDBPyConnection, query: exp.Expr) -> None:
    """Make those that a query calls known; the first costs an import of numpy, so none is made in advance."""
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


def _meant(node: exp.Expr) -> exp.Expr:
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
