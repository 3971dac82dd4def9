"""`pinlake sql`: a query over the tables by name."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT, in Spark's SQL.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row.")] = False,
    unpublished: Annotated[
        bool, typer.Option("--unpublished", help="Read the newest versions, published or not.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
) -> None:
    """Query the tables: bronze, silver and quarantine.pins_batch and pins_stream, gold.pin_features_batch,
    gold.pin_features_stream, gold.category_daily, quality.results and ops.ledger. Of the batch lane's
    tables those versions that their suite has passed.

    Example: pinlake sql "SELECT category, count(*) FROM silver.pins_batch VERSION AS OF 1 GROUP BY 1"
    """  # noqa: D205  # typer prints the first paragraph as the command's line
    from lakehouse import query, session, warehouse
    from pinlake import settings as settings_module

    settings = settings_module.load()
    with Console(stderr=True).status("asking Spark"):
        spark = session.build(settings, app="pinlake sql", quick=True)
        rows = query.run(spark, statement, warehouse=warehouse.of(settings).tables, unpublished=unpublished)
    try:
        if as_json:
            print_json(rows)
        elif as_csv:
            _print_csv(rows)
        else:
            print_table(rows)
    finally:
        spark.stop()


def print_json(rows: DataFrame) -> None:
    """Print one JSON object a row."""
    from pyspark.sql import functions as F

    document = F.to_json(F.struct("*"), {"ignoreNullFields": "false"})
    for (line,) in _rows(rows.select(document)):
        print(line)


def _print_csv(rows: DataFrame) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(rows.columns)
    for row in _rows(rows):
        writer.writerow(["" if value is None else _text(value) for value in row])


def print_table(rows: DataFrame) -> None:
    """Print rows in columns."""
    table = Table(*rows.columns, box=None, pad_edge=False)
    for row in _rows(rows):
        table.add_row(*("null" if value is None else _text(value) for value in row))
    Console(highlight=False, markup=False).print(table)


def _rows(rows: DataFrame) -> Iterator[tuple[Any, ...]]:
    yield from rows.toLocalIterator(prefetchPartitions=True)


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="backslashreplace")
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
