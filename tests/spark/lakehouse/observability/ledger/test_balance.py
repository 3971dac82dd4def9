"""The sums close for loads of Postgres, under the step stored today and the one stored before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse.catalog.schemas import LEDGER
from lakehouse.catalog.tables import OPS_LEDGER, STREAM
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.observability.ledger import balance, entries
from lakehouse.observability.ledger.collect import LedgerState
from lakehouse.serving.postgres import Totals
from lakehouse.spark.dataframes import dataframe_from_rows

SENT = "rows passed to gold = rows sent to Postgres"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("step", [Step.SERVING, Step.BRONZE])
def test_a_load_counts_under_either_step(lake: DeltaLake, step: Step) -> None:
    _write_ledger(lake, served=5, step=step)

    assert _check_sent(lake) == (5, 5, True)


def test_a_row_that_was_not_sent_unbalances_the_sum(lake: DeltaLake) -> None:
    _write_ledger(lake, served=4, step=Step.SERVING)

    assert _check_sent(lake) == (5, 4, False)


def _write_ledger(lake: DeltaLake, *, served: int, step: Step) -> None:
    steps = ((STREAM.features.full_name, Step.GOLD, 5), (entries.POSTGRES, step, served))
    rows = [
        {
            "run_id": "run", "lane": "stream", "step": step, "query": "query", "batch": 0, "table": table,
            "version": 1, "rows_in": count, "rows_out": count, "quarantined": 0, "inserted": count,
            "superseded": 0, "at": NOW,
        }
        for table, step, count in steps
    ]  # fmt: skip
    lake.ensure(OPS_LEDGER)
    lake.append(dataframe_from_rows(lake.spark, rows, LEDGER), OPS_LEDGER, MicroBatch("test", 0))
    commits = Path(lake.checkpoint("stream").url.removeprefix("file:")) / "commits"
    commits.mkdir(parents=True)
    (commits / "0").touch()


def _check_sent(lake: DeltaLake) -> tuple[int, int, bool]:
    (total,) = (
        check for check in balance.check_balance(lake, LedgerState({}, Totals(0, 0))) if check.what == SENT
    )
    return total.expected, total.found, total.balanced
