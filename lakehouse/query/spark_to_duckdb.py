"""A query in Spark's SQL, in DuckDB's words and with the column names that Spark would give."""

from __future__ import annotations

from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from lakehouse.query.statement import Dialect


class Untranslatable(Exception):
    """DuckDB has no words for it."""


def name_columns(query: exp.Query) -> None:
    """Give columns without a name the one they have in Spark."""
    for select in list(query.find_all(exp.Select)):
        select.set("expressions", [_named(projection) for projection in select.expressions])


def to_duckdb(query: exp.Expr) -> str:
    """Return a query in DuckDB's SQL.

    Raises:
        Untranslatable: it asks for what DuckDB cannot say.
    """
    try:
        return query.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise Untranslatable(" ".join(str(error).split())) from None


def put(place: exp.Table, name: str) -> None:
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
