"""What a statement asks for: one query, and the tables it names."""

from __future__ import annotations

from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.parsers.spark import SparkParser

from foundation.errors import UsageError
from lakehouse.catalog.tables import Table, find_table


class Dialect(Spark):
    """Spark's SQL since version 4: a quote within a string may be doubled, and SQL is ANSI."""

    class Parser(SparkParser):
        """Its grammar: a cast that fails is an error."""

        STRICT_CAST = True

    class Tokenizer(Spark.Tokenizer):
        """Its tokens."""

        STRING_ESCAPES: ClassVar = ["\\", "'", '"']


WHERE = "the SQL statement"


def parse_query(statement: str) -> exp.Query:
    """Return the one query of a statement in Spark's SQL.

    Raises:
        UsageError: it is no SQL, no query, or more than one.
    """
    try:
        parsed = sqlglot.parse(statement, dialect=Dialect)
    except sqlglot.ParseError as error:
        fault = error.errors[0] if error.errors else {}
        place = f"line {fault.get('line', 1)}, column {fault.get('col', 1)}"
        raise _no_sql(fault.get("description", "nothing to parse"), place) from None
    except sqlglot.TokenError as error:
        raise _no_sql(" ".join(str(error).split()), WHERE) from None
    if len(parsed) != 1 or parsed[0] is None:
        raise _no_sql("nothing to parse" if not any(parsed) else "more than one statement", WHERE)
    query = parsed[0]
    if not isinstance(query, exp.Query) or query.find(exp.DML, exp.DDL, exp.Into, exp.Command):
        raise UsageError(
            "not a query",
            where=f"statement {query.key.upper()}",
            hint="Give one SELECT or WITH; tables are written by the lanes.",
        )
    return query


def table_references(query: exp.Query) -> list[tuple[exp.Table, Table]]:
    """Return every place where a query names a table, and which table that is.

    Raises:
        UsageError: there is no table of that name.
    """
    common = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    places = [(place, _name(place)) for place in query.find_all(exp.Table)]
    return [(place, find_table(name, where=WHERE)) for place, name in places if name.lower() not in common]


def _name(place: exp.Table) -> str:
    return ".".join(part.name for part in place.parts) or place.sql(dialect=Dialect)


def _no_sql(what: str, where: str) -> UsageError:
    return UsageError(f"not SQL: {what}", where=where, hint="Correct it and run it again.")
