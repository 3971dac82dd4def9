"""`pinlake sql`: rows in columns, as CSV and as JSON, from either engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql.types import StringType, StructField, StructType, TimestampType

from lakehouse.delta.lake import DeltaLake
from lakehouse.query import duckdb_engine, spark_engine
from lakehouse.query.duckdb_engine import QueryResult
from tests.unit.pinlake.cli.command_line import run

NOON = datetime(2026, 1, 31, 12, 0, 0, 1_000, tzinfo=UTC)


class Queries(list[tuple[str, bool]]):
    """Each statement, and whether it reads unpublished versions."""


class Frame:
    """Two rows as Spark returns them: its timestamps are local times without a zone."""

    columns = ("name", "at")
    schema = StructType([StructField("name", StringType()), StructField("at", TimestampType())])

    def toLocalIterator(self, *, prefetchPartitions: bool) -> Iterator[tuple[Any, ...]]:
        yield ("a", NOON.astimezone().replace(tzinfo=None))
        yield ("b", None)


@pytest.fixture(autouse=True)
def queries(sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> Queries:
    """Answer every query with the same rows."""
    recorder = Queries()

    def duckdb(_: object, statement: str, *, unpublished: bool) -> QueryResult:
        recorder.append((statement, unpublished))
        rows = [("[red]", NOON, Decimal("1.50"), None), ("b, c", NOON, Decimal(2), b"\xff")]
        return QueryResult(("name", "at", "price", "value"), iter(rows))

    def spark(_: DeltaLake, statement: str, *, unpublished: bool) -> Frame:
        recorder.append((statement, unpublished))
        return Frame()

    monkeypatch.setattr(duckdb_engine, "run", duckdb)
    monkeypatch.setattr(spark_engine, "run", spark)
    return recorder


def test_rows_are_printed_in_columns(queries: Queries) -> None:
    outcome = run("sql", "SELECT 1")

    assert (outcome.code, queries) == (0, [("SELECT 1", False)])
    assert [line.split() for line in outcome.out.splitlines()] == [
        ["name", "at", "price", "value"],
        ["[red]", "2026-01-31", "12:00:00.001000", "1.50", "null"],
        ["b,", "c", "2026-01-31", "12:00:00.001000", "2", "\\xff"],
    ]


def test_csv_has_a_header_and_quotes() -> None:
    assert run("sql", "SELECT 1", "--csv").out.splitlines() == [
        "name,at,price,value",
        "[red],2026-01-31 12:00:00.001000,1.50,",
        '"b, c",2026-01-31 12:00:00.001000,2,\\xff',
    ]


def test_json_has_one_object_per_row(sessions: list[str]) -> None:
    assert run("sql", "SELECT 1", "--json").documents == [
        {"name": "[red]", "at": "2026-01-31T12:00:00.001Z", "price": 1.5, "value": None},
        {"name": "b, c", "at": "2026-01-31T12:00:00.001Z", "price": 2, "value": "/w=="},
    ]
    assert sessions == []


def test_unpublished_rows_are_read_only_on_request(queries: Queries) -> None:
    run("sql", "SELECT 1", "--unpublished")
    run("sql", "SELECT 1", "--unpublished", "--engine", "spark")

    assert queries == [("SELECT 1", True)] * 2


@pytest.mark.parametrize(
    ("option", "lines"),
    [
        ([], ["name at", "a 2026-01-31 12:00:00.001000", "b null"]),
        (["--csv"], ["name,at", "a,2026-01-31 12:00:00.001000", "b,"]),
    ],
    ids=["table", "csv"],
)
def test_spark_gives_the_same_times(option: list[str], lines: list[str], sessions: list[str]) -> None:
    outcome = run("sql", "SELECT 1", "--engine", "spark", *option)

    assert [" ".join(line.split()) for line in outcome.out.splitlines()] == lines
    assert sessions == ["pinlake sql, quick", "stopped"]


def test_an_unknown_engine_is_refused(queries: Queries) -> None:
    outcome = run("sql", "SELECT 1", "--engine", "postgres")

    assert (outcome.code, queries) == (2, [])
    assert "duckdb" in outcome.err
