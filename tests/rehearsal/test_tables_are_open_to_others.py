"""Reads of every table by delta-rs, DuckDB and Polars, as the guide describes: the same rows as Spark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import polars
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from foundation.postgres import connect
from foundation.settings import Settings
from lakehouse.catalog.tables import TABLES, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.query import duckdb_engine, spark_engine
from lakehouse.query.table_store import TableStore
from tests import checksums, commands

GUIDE = (commands.ROOT / "docs/readers.md").read_text()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_every_reader_finds_the_same(
    table: Table, filled: Settings, store: TableStore, spark: SparkSession
) -> None:
    frame = DeltaLake.of(spark, filled).read(table)
    expected = checksums.of(row.asDict(recursive=True) for row in frame.collect())

    address = store.table_url(table)
    options = {name: value for name, value in store.storage_options.items() if name.startswith("aws_")}
    by_reader = {
        "delta-rs": checksums.of(_by_delta_rs(DeltaTable(address, storage_options=options))),
        "DuckDB": checksums.of(_by_duckdb(DeltaTable(address, storage_options=options))),
        "Polars": checksums.of(polars.read_delta(address, storage_options=options).to_dicts()),
    }

    assert expected[0] > 0
    assert by_reader == dict.fromkeys(by_reader, expected)


def test_deletion_vectors_and_renamed_columns_are_followed(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "table")
    spark.sql(
        f"CREATE TABLE delta.`{path}` (id BIGINT, old STRING) USING delta TBLPROPERTIES "
        "('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name')"
    )
    spark.sql(f"INSERT INTO delta.`{path}` SELECT id, 'row ' || id FROM range(100)")
    spark.sql(f"ALTER TABLE delta.`{path}` RENAME COLUMN old TO new")
    spark.sql(f"DELETE FROM delta.`{path}` WHERE id % 3 = 0")
    rows = [row.asDict() for row in spark.read.format("delta").load(path).orderBy("id").collect()]
    expected = checksums.of(rows)

    table = DeltaTable(path)
    vectors = table.deletion_vectors().read_all().num_rows
    frame = polars.DataFrame(table.scan())

    assert vectors > 0
    assert expected[0] == 66
    assert sorted(_by_delta_rs(table), key=lambda row: row["id"]) == rows
    assert checksums.of(_by_delta_rs(table)) == expected
    assert checksums.of(_by_duckdb(table)) == expected
    assert checksums.of(frame.to_dicts()) == expected


@pytest.mark.parametrize("reader", ["DuckDB", "Polars", "Spark"])
def test_the_guide_does_what_it_says(
    reader: str, filled: Settings, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ".pinlake"
    home.mkdir()
    variables = {
        name: value for name, value in commands.environment(filled).items() if name.startswith("PINLAKE_")
    }
    (home / "stack.env").write_text("".join(f"{name}='{value}'\n" for name, value in variables.items()))
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}

    for code in (*_code("Addresses of the tables", "python"), *_code(reader, "python")):
        exec(code, scope)

    assert {row["category"]: row["events"] for row in scope["rows"]} == {"art": 7, "home": 4}
    assert Counter(row["category"] for row in scope["latest"]) == {"art": 4, "home": 4}
    assert len({row["unique_id"] for row in scope["latest"]}) == 8


def test_the_guide_asks_for_features_as_of_any_moment(
    filled: Settings, store: TableStore, spark: SparkSession
) -> None:
    (code,) = _code("Features as of any moment", "sql")
    first = sorted(spark_engine.run(DeltaLake.of(spark, filled), code).toLocalIterator())
    # The labels are a minute after each event, and the second events of three pins came within that minute.
    assert [len(first), {row.event_time <= row.labelled_at for row in first}] == [11, {True}]

    by_duckdb = duckdb_engine.run(store, code)

    assert len(list(by_duckdb.rows)) == len(first)


def test_the_guide_asks_postgres_what_is_there(filled: Settings) -> None:
    with closing(connect(filled.postgres)) as session, session.cursor() as cursor:
        for code in _code("Postgres", "sql"):
            cursor.execute(code)
            assert cursor.fetchall()


def _code(section: str, language: str) -> list[str]:
    (text,) = re.findall(rf"^## {section}$(.*?)(?=^## |\Z)", GUIDE, flags=re.MULTILINE | re.DOTALL)
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    return blocks


def _by_delta_rs(table: DeltaTable) -> Iterator[Mapping[str, Any]]:
    rows = table.scan().read_all()
    columns = {name: rows[name].to_pylist() for name in rows.column_names}
    for number in range(rows.num_rows):
        yield {name: column[number] for name, column in columns.items()}


def _by_duckdb(table: DeltaTable) -> Iterator[Mapping[str, Any]]:
    stream = table.scan()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        result = connection.execute("SELECT * FROM stream")
        names = [column[0] for column in result.description or ()]
        yield from (dict(zip(names, row, strict=True)) for row in result.fetchall())
    del stream
