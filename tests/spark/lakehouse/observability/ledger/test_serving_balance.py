"""The sums of the serving query: from Kafka's offsets to Postgres, whichever of the two queries is ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.catalog.schemas import LEDGER
from lakehouse.catalog.tables import OPS_LEDGER, STREAM
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.observability.ledger import balance, entries, serving_balance
from lakehouse.observability.ledger.collect import LedgerState
from lakehouse.observability.ledger.sums import BalanceCheck
from lakehouse.serving.postgres import Totals
from lakehouse.spark.dataframes import dataframe_from_rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GAPS = "gaps in the offsets served"
READ = "records read = records judged for Postgres"
PASSED = "events past both gates in the tables = past both for Postgres"
WRITTEN = "events past both gates = rows passed to gold"
SENT = "rows passed to gold = rows sent to Postgres"
GOLD = STREAM.features.full_name
Row = dict[str, Any]


def _row(table: str, step: str, first: int, last: int, **values: object) -> Row:
    count = last - first + 1
    return {
        "run_id": "run", "lane": "stream", "step": step, "table": table, "version": first, "rows_in": count,
        "rows_out": count, "inserted": count, "quarantined": 0, "superseded": 0, "at": NOW,
        "offsets": [{"topic": "t", "partition": 0, "first": first, "last": last}], **values,
    }  # fmt: skip


def _load(number: int, first: int, last: int, **values: object) -> Row:
    """Return a load of the serving query; every record has passed unless a test gives another number."""
    row = _row(entries.POSTGRES, Step.SERVING, first, last, query="serving", batch=number)
    return row | {"passed": last - first + 1} | values


def _commits(number: int, first: int, last: int, **values: object) -> list[Row]:
    steps = ((STREAM.bronze, Step.BRONZE), (STREAM.silver, Step.SILVER), (STREAM.features, Step.GOLD))
    rows = [_row(table.full_name, step, first, last, query="id", batch=number) for table, step in steps]
    return [row | {"passed": last - first + 1} | values for row in rows]


def _lost(table: str, first: int, last: int) -> Row:
    return _row(table, entries.LOST, first, last, rows_in=0, rows_out=0, inserted=0)


# Kafka has removed 5 to 6, which neither query had read.
TABLES = [*_commits(0, 0, 4), _lost("kafka.t-0", 5, 6), *_commits(1, 7, 9)]
SERVED = [_load(0, 0, 4), _load(1, 7, 9)]


def test_the_sums_close_for_both_queries(lake: DeltaLake) -> None:
    loads = [_load(0, 0, 2), _load(1, 3, 4), _lost(entries.POSTGRES, 5, 6), _load(3, 7, 9)]

    sums = _check(lake, [*TABLES, *loads])

    assert [check for check in sums.values() if not check.balanced] == []
    assert (sums[READ].expected, sums[PASSED].found, sums[SENT].expected) == (8, 8, 0)


def test_entries_of_older_versions_do_not_count(lake: DeltaLake) -> None:
    # One query sent each micro-batch to the tables and to Postgres; then there were two, without the count.
    old = _row(entries.POSTGRES, Step.SERVING, 0, 4, query="id", batch=0)
    uncounted = [row | {"passed": None} for row in TABLES[:3]]
    later = _load(0, 5, 6, passed=None, inserted=9)
    sums = _check(lake, [*uncounted, *_commits(1, 5, 9), old, later, _load(1, 7, 9)])

    assert [check for check in sums.values() if not check.balanced] == []
    assert (sums[SENT].expected, sums[SENT].found) == (5, 5)
    # The tables counted two records more, which Postgres got from the older version.
    assert (sums[PASSED].expected, sums[PASSED].found) == (3, 3)


def test_offsets_that_were_not_served_are_a_gap(lake: DeltaLake) -> None:
    sums = _check(lake, [*TABLES, _load(0, 0, 2), _load(1, 4, 4), _load(2, 7, 9)])

    assert sums[GAPS].where == ("topic t partition 0 expected offset 3 found 4: 0 and 1",)
    assert sums[PASSED].balanced


def test_a_record_that_was_read_and_not_judged_does_not_balance(lake: DeltaLake) -> None:
    sums = _check(lake, [*TABLES, _load(0, 0, 4, rows_in=4), _load(1, 7, 9)])

    assert sums[READ].where == ("micro-batch 0 of serving: 5 and 4",)


@pytest.mark.parametrize(
    ("loads", "balanced"),
    [
        # Where the tables have not read, each of two records may have passed; never a third one.
        ([*SERVED, _load(2, 10, 11)], True),
        ([*SERVED, _load(2, 10, 11, passed=0)], True),
        ([*SERVED, _load(2, 10, 11, passed=3)], False),
        # Where the tables alone have read, each of three records may have passed, and none needs to.
        (SERVED[:1], True),
        ([_load(0, 0, 4, passed=8)], True),
        ([_load(0, 0, 4, passed=9)], False),
        ([_load(0, 0, 4, passed=4)], False),
        # A record that one of them has refused.
        ([SERVED[0], _load(1, 7, 9, passed=2)], False),
        ([], True),
    ],
)
def test_the_query_that_is_ahead_may_have_passed_as_many_more(
    loads: list[Row], balanced: bool, spark: SparkSession
) -> None:
    ledger = dataframe_from_rows(spark, [*TABLES, *loads], LEDGER)

    assert serving_balance.check_passed(ledger, F.col("batch") <= 1).balanced is balanced


def test_offsets_that_only_serving_read_before_kafka_removed_them_may_have_passed(
    spark: SparkSession,
) -> None:
    ledger = dataframe_from_rows(spark, [*TABLES, _load(0, 0, 9)], LEDGER)

    assert serving_balance.check_passed(ledger, F.col("batch") <= 1).balanced


def test_a_restore_that_postgres_has_not_followed_is_named_until_it_is_taken_back(lake: DeltaLake) -> None:
    none = {"rows_in": None, "rows_out": 0, "offsets": None, "query": "restore"}
    there = _row(GOLD, Step.RESTORE, 20, 20, **none, inserted=0, removed=3)
    back = _row(GOLD, Step.RESTORE, 21, 21, **none, inserted=3, removed=0)
    before = _row(GOLD, Step.RESTORE, 22, 22, **none, inserted=0, removed=9, at=NOW - timedelta(days=1))

    sums = _check(lake, [*TABLES, *SERVED, there, before])
    assert sums[PASSED].where == ("version 20 is a restore with -3 rows, which Postgres has not followed",)
    assert _check(lake, [back])[PASSED].balanced


def test_a_micro_batch_of_the_tables_that_is_under_way_does_not_count(lake: DeltaLake) -> None:
    sums = _check(lake, [*TABLES, *_commits(2, 10, 14), _load(0, 0, 9, passed=8)])

    assert (sums[PASSED].balanced, sums[PASSED].expected) == (True, 8)


def test_events_that_passed_and_are_missing_in_gold_do_not_balance(lake: DeltaLake) -> None:
    sums = _check(lake, [row for row in TABLES if (row["table"], row["version"]) != (GOLD, 7)])

    assert sums[WRITTEN].where == ("micro-batch 1 of id: 3 and 0",)


def _check(lake: DeltaLake, rows: list[Row]) -> dict[str, BalanceCheck]:
    """Return the sums of the stream lane by name; its checkpoint has committed micro-batch 1."""
    lake.ensure(OPS_LEDGER)
    lake.append(
        dataframe_from_rows(lake.spark, rows, LEDGER),
        OPS_LEDGER,
        MicroBatch("test", lake.version(OPS_LEDGER)),
    )
    commits = Path(lake.checkpoint("stream").url.removeprefix("file:")) / "commits"
    commits.mkdir(parents=True, exist_ok=True)
    (commits / "1").touch()
    checks = balance.check_balance(lake, LedgerState({}, Totals(0, 0)))
    return {check.what: check for check in checks if check.lane == "stream"}
