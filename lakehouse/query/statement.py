"""SQL statements: parsed to one query, and the tables that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.parsers.spark import SparkParser

from foundation.errors import UsageError
from lakehouse.catalog.tables import Table, find_rows


class Dialect(Spark):
    """Spark's SQL since version 4: ANSI SQL, in which a quote inside a string may be doubled."""

    class Parser(SparkParser):
        """The grammar: a cast that fails is an error."""

        STRICT_CAST = True

    class Tokenizer(Spark.Tokenizer):
        """The tokens."""

        STRING_ESCAPES: ClassVar = ["\\", "'", '"']


WHERE = "the SQL statement"
# Of the rows with the same pin, the newest has the greatest event id.
PIN, ORDER = "unique_id", "event_id"


def parse_query(statement: str) -> exp.Query:
    """Return the one query of a statement in Spark's SQL.

    Raises:
        UsageError: the text is not SQL, not a query, or more than one statement.
    """
    try:
        parsed = sqlglot.parse(statement, dialect=Dialect)
    except sqlglot.ParseError as error:
        details = error.errors[0] if error.errors else {}
        where = f"line {details.get('line', 1)}, column {details.get('col', 1)}"
        raise _syntax_error(details.get("description", "nothing to parse"), where) from None
    except sqlglot.TokenError as error:
        raise _syntax_error(" ".join(str(error).split()), WHERE) from None
    if len(parsed) != 1 or parsed[0] is None:
        raise _syntax_error("nothing to parse" if not any(parsed) else "more than one statement", WHERE)
    query = parsed[0]
    if not isinstance(query, exp.Query) or query.find(exp.DML, exp.DDL, exp.Into, exp.Command):
        raise UsageError(
            "not a query",
            where=f"statement {query.key.upper()}",
            hint="Give one SELECT or WITH; tables are written by the lanes.",
        )
    return query


@dataclass(frozen=True)
class Reference:
    """A place in a query that names a table.

    Attributes:
        node: the place.
        table: the table.
        is_latest: whether it means the newest row of each pin alone.
    """

    node: exp.Table
    table: Table
    is_latest: bool


def table_references(query: exp.Query) -> list[Reference]:
    """Return every reference to a table in a query.

    Raises:
        UsageError: there is no table of that name.
    """
    cte_names = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    references = [(reference, _name(reference)) for reference in query.find_all(exp.Table)]
    return [
        Reference(reference, *find_rows(name, where=WHERE))
        for reference, name in references
        if name.lower() not in cte_names
    ]


def _name(reference: exp.Table) -> str:
    return ".".join(part.name for part in reference.parts) or reference.sql(dialect=Dialect)


def _syntax_error(reason: str, where: str) -> UsageError:
    return UsageError(f"not SQL: {reason}", where=where, hint="Correct it and run it again.")
