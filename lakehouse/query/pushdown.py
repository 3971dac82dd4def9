"""Pushdown: the columns and rows of a table that a query needs.

Reading too much costs time, reading too little gives wrong results; in doubt, everything is read.
"""

from __future__ import annotations

from collections.abc import Collection

from deltalake.schema import PrimitiveType
from deltalake.schema import Schema as DeltaSchema
from sqlglot import exp

_COMPARISONS = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def needed_columns(query: exp.Query, schema: DeltaSchema, *, always: Collection[str] = ()) -> list[str]:
    """Return the columns that a query may refer to; all of them if it uses a star.

    Args:
        query: the whole statement.
        schema: the schema of the table.
        always: columns that are needed, whether or not the query refers to them.
    """
    names = [field.name for field in schema.fields]
    stars = [star for star in query.find_all(exp.Star) if not isinstance(star.parent, exp.Count)]
    if stars or any(join.method == "NATURAL" for join in query.find_all(exp.Join)):
        return names
    words = set(always) | {word.name.lower() for word in query.find_all(exp.Identifier)}
    # Counting rows needs any one column.
    return [name for name in names if name.lower() in words] or names[:1]


def pushed_predicate(
    reference: exp.Table, schema: DeltaSchema, *, only: Collection[str] | None = None
) -> str | None:
    """Return a condition that holds for every row the query can use, or None.

    Only comparisons of text with text are pushed down, from the WHERE of a SELECT that reads this table
    alone. Both engines agree on these, and file statistics allow files to be skipped.

    Args:
        reference: the place in the query that names the table.
        schema: the schema of the table.
        only: the columns that may be compared; None for all.
    """
    select = reference.parent.parent if isinstance(reference.parent, exp.From) else None
    if not isinstance(select, exp.Select) or select.args.get("joins") or select.args.get("laterals"):
        return None
    where = select.args.get("where")
    texts = {
        field.name.lower(): field.name
        for field in schema.fields
        if _is_text(field.type) and (only is None or field.name in only)
    }
    parts = (
        where.this.flatten() if where and isinstance(where.this, exp.And) else [where.this] if where else []
    )
    comparisons = [text for part in parts if (text := _comparison(part, texts))]
    return " AND ".join(comparisons) or None


def _comparison(part: exp.Expr, texts: dict[str, str]) -> str | None:
    if not isinstance(part, _COMPARISONS):
        return None
    left, right = part.this, part.expression
    if not isinstance(left, exp.Column) or not (isinstance(right, exp.Literal) and right.is_string):
        return None
    name = texts.get(left.name.lower())
    if name is None or left.args.get("db"):
        return None
    return type(part)(this=exp.column(name, quoted=True), expression=right.copy()).sql(dialect="postgres")


def _is_text(kind: object) -> bool:
    return isinstance(kind, PrimitiveType) and kind.type == "string"
