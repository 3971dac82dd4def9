"""The sums of the serving query: from Kafka's offsets to Postgres, whichever of the two queries is ahead."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse.catalog.schemas import LEDGER
from lakehouse.catalog.tables import OPS_LEDGER, STREAM
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.observability.ledger import balance, entries
from lakehouse.observability.ledger.collect import LedgerState
from lakehouse.observability.ledger.sums import BalanceCheck
from lakehouse.serving.postgres import Totals
from lakehouse.spark.dataframes import dataframe_from_rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GAPS = "gaps in the offsets served"
READ = "records read = records judged for Postgres"
NEW = "pins new to gold.pin_features_stream = pins new to Postgres"
SENT = "rows passed to gold = rows sent to Postgres"
Row = dict[str, Any]


def _row(table: str, step: str, first: int, last: int, **values: object) -> Row:
    count = last - first + 1
    return {
        "run_id": "run", "lane": "stream", "step": step, "table": table, "version": first, "rows_in": count,
        "rows_out": count, "inserted": count, "quarantined": 0, "superseded": 0, "at": NOW,
        "offsets": [{"topic": "t", "partition": 0, "first": first, "last": last}], **values,
    }  # fmt: skip


def _load(number: int, first: int, last: int, **values: object) -> Row:
    return _row(entries.POSTGRES, Step.SERVING, first, last, query="serving", batch=number) | values


def _commits(number: int, first: int, last: int) -> list[Row]:
    steps = ((STREAM.bronze, Step.BRONZE), (STREAM.silver, Step.SILVER), (STREAM.features, Step.GOLD))
    return [_row(table.full_name, step, first, last, query="id", batch=number) for table, step in steps]


def _lost(table: str, first: int, last: int) -> Row:
    return _row(table, entries.LOST, first, last, rows_in=0, rows_out=0, inserted=0)


# Kafka has removed 5 to 6, which neither query had read.
TABLES = [*_commits(0, 0, 4), _lost("kafka.t-0", 5, 6), *_commits(1, 7, 9)]


def test_the_sums_close_for_both_queries(lake: DeltaLake) -> None:
    loads = [_load(0, 0, 2), _load(1, 3, 4), _lost(entries.POSTGRES, 5, 6), _load(3, 7, 9)]

    sums = _check(lake, [*TABLES, *loads])

    assert [check for check in sums.values() if not check.balanced] == []
    assert (sums[READ].expected, sums[NEW].found, sums[SENT].expected) == (8, 8, 0)


def test_loads_of_an_older_version_go_on_as_loads_of_the_serving_query(lake: DeltaLake) -> None:
    old = _row(entries.POSTGRES, Step.SERVING, 0, 4, query="id", batch=0)
    # What Kafka had removed was recorded for the one query.
    sums = _check(lake, [*TABLES, old, _load(0, 7, 9)])

    assert [check for check in sums.values() if not check.balanced] == []
    assert (sums[SENT].expected, sums[SENT].found) == (5, 5)


def test_offsets_that_were_not_served_are_a_gap(lake: DeltaLake) -> None:
    sums = _check(lake, [*TABLES, _load(0, 0, 2), _load(1, 4, 4), _load(2, 7, 9)])

    assert sums[GAPS].where == ("topic t partition 0 expected offset 3 found 4: 0 and 1",)
    assert not sums[NEW].balanced


def test_a_record_that_was_read_and_not_judged_does_not_balance(lake: DeltaLake) -> None:
    sums = _check(lake, [*TABLES, _load(0, 0, 4, rows_in=4), _load(1, 7, 9)])

    assert sums[READ].where == ("micro-batch 0 of serving: 5 and 4",)


@pytest.mark.parametrize(
    ("loads", "balanced"),
    [
        # Serving is ahead by two, of which both are new pins, or none; never a third one.
        ([_load(0, 0, 9), _load(1, 10, 11)], True),
        ([_load(0, 0, 9), _load(1, 10, 11, inserted=0)], True),
        ([_load(0, 0, 9), _load(1, 10, 11, inserted=3)], False),
        # The tables are ahead by three, and then there must not be more in Postgres.
        ([_load(0, 0, 6, inserted=5)], True),
        ([_load(0, 0, 6, inserted=9)], False),
        ([], True),
    ],
)
def test_the_query_that_is_ahead_may_have_as_many_more_pins(
    loads: list[Row], balanced: bool, lake: DeltaLake
) -> None:
    first = [load | {"inserted": 8} if load["version"] == 0 and len(loads) == 2 else load for load in loads]

    assert _check(lake, [*TABLES, *first])[NEW].balanced is balanced


def test_a_micro_batch_of_the_tables_that_is_under_way_does_not_count(lake: DeltaLake) -> None:
    sums = _check(lake, [*TABLES, *_commits(2, 10, 14), _load(0, 0, 9, inserted=8)])

    assert sums[NEW].balanced


def _check(lake: DeltaLake, rows: list[Row]) -> dict[str, BalanceCheck]:
    """Return the sums of the stream lane by name; its checkpoint has committed micro-batch 1."""
    lake.ensure(OPS_LEDGER)
    lake.append(dataframe_from_rows(lake.spark, rows, LEDGER), OPS_LEDGER, MicroBatch("test", 0))
    commits = Path(lake.checkpoint("stream").url.removeprefix("file:")) / "commits"
    commits.mkdir(parents=True)
    (commits / "1").touch()
    checks = balance.check_balance(lake, LedgerState({}, Totals(0, 0)))
    return {check.what: check for check in checks if check.lane == "stream"}
