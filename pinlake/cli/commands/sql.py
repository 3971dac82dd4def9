"""`pinlake sql`: a query on the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pinlake.cli import row_output as rows
from pinlake.cli.options import AsJson
from pinlake.cli.row_output import Rows
from pinlake.cli.spark_session import short_spark_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from foundation.settings import Settings


def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT, in Spark SQL.")],
    as_json: AsJson = False,
    unpublished: Annotated[
        bool, typer.Option("--unpublished", help="Read the newest versions, published or not.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    engine: Annotated[
        Literal["duckdb", "spark"],
        typer.Option(
            help="DuckDB answers small queries at once; Spark takes seconds to start, for any size."
        ),
    ] = "duckdb",
) -> None:
    """Query the tables: bronze, silver and quarantine.pins_batch and pins_stream, gold.pin_features_batch,
    gold.pin_features_stream, gold.category_daily, quality.results and ops.ledger. Tables of the batch lane
    are read at the version that has passed its suite; VERSION AS OF 12 or TIMESTAMP AS OF '2026-01-31 12:00'
    (UTC) after the name of a table selects another version. silver.pins_stream and gold.pin_features_stream
    have every event; silver.pins_stream_latest and gold.pin_features_stream_latest the newest of each pin.

    Example: pinlake sql "SELECT category, count(*) FROM silver.pins_batch VERSION AS OF 1 GROUP BY 1"
    """  # noqa: D205  # typer prints the first paragraph as the command's line
    from foundation import settings as settings_module

    settings = settings_module.load()
    if engine == "spark":
        _query_spark(settings, statement, unpublished=unpublished, as_json=as_json, as_csv=as_csv)
        return
    from lakehouse.query import duckdb_engine as query
    from lakehouse.query.table_store import TableStore

    answer = query.run(TableStore(settings.s3), statement, unpublished=unpublished)
    if as_json:
        rows.print_json(answer.columns, answer.rows)
    else:
        _print(answer.columns, answer.rows, as_csv=as_csv)


def print_json(frame: DataFrame) -> None:
    """Print a Spark DataFrame as one JSON object per row."""
    from pyspark.sql import functions as F

    document = F.to_json(F.struct("*"), {"ignoreNullFields": "false"})
    for (line,) in _rows(frame.select(document)):
        print(line)


def print_table(frame: DataFrame) -> None:
    """Print a Spark DataFrame in columns."""
    rows.print_table(frame.columns, _rows(frame))


def _query_spark(
    settings: Settings, statement: str, *, unpublished: bool, as_json: bool, as_csv: bool
) -> None:
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.query import spark_engine as query

    with short_spark_session(settings, app="pinlake sql") as spark:
        frame = query.run(DeltaLake.of(spark, settings), statement, unpublished=unpublished)
        if as_json:
            print_json(frame)
        else:
            _print(frame.columns, _rows(frame), as_csv=as_csv)


def _print(columns: Sequence[str], answer: Rows, *, as_csv: bool) -> None:
    if as_csv:
        rows.print_csv(columns, answer)
    else:
        rows.print_table(columns, answer)


def _rows(frame: DataFrame) -> Iterator[tuple[Any, ...]]:
    from pyspark.sql.types import TimestampType

    moments = [isinstance(field.dataType, TimestampType) for field in frame.schema]
    for row in frame.toLocalIterator(prefetchPartitions=True):
        yield tuple(_in_utc(value) if moment else value for value, moment in zip(row, moments, strict=True))


def _in_utc(moment: datetime | None) -> datetime | None:
    # pyspark returns timestamps in local time, without a time zone.
    return moment.astimezone(UTC) if moment else None
