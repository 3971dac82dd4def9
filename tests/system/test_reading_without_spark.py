"""Reads of Spark's tables without Spark: the same rows from every engine, and fast small queries."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from pyspark.sql import SparkSession

from foundation.errors import UsageError
from foundation.settings import Settings
from lakehouse.catalog.tables import TABLES
from lakehouse.delta.lake import DeltaLake
from lakehouse.query import duckdb_engine as by_duckdb
from lakehouse.query import spark_engine as by_spark
from lakehouse.query.table_store import TableStore
from pinlake.cli import row_output as rows
from pinlake.cli.commands import sql
from tests import commands, lanes

QUERIES = [
    *(f"SELECT * FROM {table.full_name}" for table in TABLES),
    *(
        text.strip().rstrip(";")
        for text in (commands.ROOT / "tests/queries.sql").read_text().split("\n\n")[1:]
    ),
]
PIN = lanes.PINS[1]


@pytest.mark.parametrize("statement", QUERIES)
def test_both_engines_give_the_same_rows(
    statement: str,
    filled: Settings,
    store: TableStore,
    spark: SparkSession,
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = by_duckdb.run(store, statement)
    rows.print_json(result.columns, result.rows)
    duckdb_rows = _printed(capsys)
    sql.print_json(by_spark.run(DeltaLake.of(spark, filled), statement))
    spark_rows = _printed(capsys)

    if "ORDER BY follower_count" not in statement:
        duckdb_rows, spark_rows = _sorted(duckdb_rows), _sorted(spark_rows)
    assert duckdb_rows == spark_rows
    assert spark_rows


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT * FROM gold.pins", "There are: bronze.pins_batch"),
        ("SELECT no_such_function(title) FROM silver.pins_batch", "--engine spark"),
        ("SELECT * FROM silver.pins_stream VERSION AS OF 99", "There are 0 to"),
        ("SELECT * FROM silver.pins_stream VERSION AS OF -1", "neither a version nor a time"),
        ("SELECT * FROM silver.pins_stream VERSION AS OF 'x'", "neither a version nor a time"),
        ("SELECT * FROM silver.pins_stream TIMESTAMP AS OF '2001-01-01'", "Its first commit is of"),
        ("SELECT * FROM silver.pins_stream TIMESTAMP AS OF 3", "VERSION AS OF 12"),
        ("SELECT 1 IN (SELECT content FROM read_text('/etc/hostname'))", "no table"),
        ("SELECT getenv('HOME')", "--engine spark"),
        ("SELECT CAST('x' AS INT)", "--engine spark"),
        (
            "SELECT follower FROM gold.pin_features_batch",
            "no column 'follower' (the SQL statement). There are: unique_id, ",
        ),
        (
            "SELECT 1 FROM gold.category_daily WHERE nothing = 1",
            "no column 'nothing' (the SQL statement). There are: day, ",
        ),
        ("SELECT unix_timestamp(event_time) FROM silver.pins_batch", "--engine spark"),
    ],
)
def test_what_cannot_be_asked_is_one_line(statement: str, message: str, store: TableStore) -> None:
    with pytest.raises(UsageError) as raised:
        list(by_duckdb.run(store, statement).rows)

    assert message in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_moment_may_be_computed(store: TableStore) -> None:
    newest = by_duckdb.run(store, "SELECT count(*) FROM silver.pins_stream")
    statement = (
        "SELECT count(*) FROM silver.pins_stream TIMESTAMP AS OF current_timestamp() - INTERVAL 0 SECOND"
    )

    assert list(by_duckdb.run(store, statement).rows) == list(newest.rows)


def test_commands_that_read_import_no_spark(filled: Settings) -> None:
    calls = [
        ["sql", "SELECT count(*) FROM gold.category_daily"],
        ["history", "silver.pins_batch"],
        ["diff", "silver.pins_batch", "--from", "1"],
        ["why", PIN],
    ]
    code = (
        "import sys; from pinlake.cli.main import app\n"
        f"for call in {calls}: app(call, standalone_mode=False)\n"
        "print([name for name in ('pyspark', 'delta', 'pyarrow', 'pandas') if name in sys.modules])"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code], env=commands.environment(filled), capture_output=True, text=True
    )

    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.splitlines()[-1] == "[]"


def _printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.dumps(json.loads(line), sort_keys=True) for line in capsys.readouterr().out.splitlines()]


def _sorted(lines: list[str]) -> list[str]:
    return sorted(lines)
