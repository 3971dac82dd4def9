"""Functions of Spark that DuckDB has too, but with another meaning for bytes, moments and broken JSON."""

from __future__ import annotations

from duckdb import DuckDBPyConnection
from sqlglot import exp

_TEXT, _LENGTH, _DECODE = "spark_string", "spark_length", "spark_decode"
# Which branch is taken is known before any row is looked at.
_MACROS = {
    _LENGTH: "CASE WHEN typeof(x) = 'BLOB' THEN octet_length(TRY_CAST(x AS BLOB)) "
    "ELSE length(CAST(x AS VARCHAR)) END",
    _TEXT: f"CASE typeof(x) WHEN 'BLOB' THEN {_DECODE}(TRY_CAST(x AS BLOB)) "
    "WHEN 'TIMESTAMP WITH TIME ZONE' THEN CAST(TRY_CAST(x AS TIMESTAMP) AS VARCHAR) "
    "ELSE CAST(x AS VARCHAR) END",
}


def use(query: exp.Expr) -> exp.Expr:
    """Return a query that calls them where Spark would mean them."""
    return query.transform(_meant)


def define(connection: DuckDBPyConnection, query: exp.Expr) -> None:
    """Make those that a query calls known; the first costs an import of numpy, so none is made in advance."""
    called = {call.name for call in query.find_all(exp.Anonymous)}
    if _TEXT in called:
        connection.create_function(_DECODE, _decode, ["BLOB"], "VARCHAR")
    for name in called & set(_MACROS):
        connection.execute(f"CREATE MACRO {name}(x) AS {_MACROS[name]}")


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
