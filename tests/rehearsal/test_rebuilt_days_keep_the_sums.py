"""Past days rebuilt on the real stack, in process and by command: every sum closes before and after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from foundation.settings import Settings
from lakehouse.catalog.schemas import LEDGER
from lakehouse.catalog.tables import BATCH, OPS_LEDGER
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.locks import table_locks
from lakehouse.observability.ledger import balance as closing
from lakehouse.observability.ledger import collect
from lakehouse.observability.ledger.sums import BalanceCheck
from lakehouse.operations.rebuild import run
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.run import RebuildRequest, RebuildSummary
from lakehouse.serving.postgres import ServingDatabase
from pinlake.app.lanes import run_lanes
from tests import events, warm_commands
from tests.suites import allow_followers

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(8)]


def test_the_sums_close_after_a_rebuild_and_after_the_promotion_that_follows(
    own: Settings, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _make_old_ledger(own, spark)
    today = datetime.now(UTC).date()
    events.send(own.kafka, [events.pin(pin, 500 if pin in PINS[:2] else 10) for pin in PINS])
    run_lanes(spark, own)
    assert _open_sums(own, spark) == []

    allow_followers(monkeypatch, tmp_path / "suites", between=(0, 100))
    summaries: list[RebuildSummary] = []
    request = RebuildRequest(DateRange(today, today + timedelta(days=1)), "unicode")
    run.publish(DeltaLake.of(spark, own), request, report=summaries.append)

    assert (summaries[0].judged, summaries[0].refused) == (8, 2)
    assert _open_sums(own, spark) == []
    ledger = collect.read(DeltaLake.of(spark, own)).where("step = 'rebuild' AND lane = 'batch'")
    entries = {
        row.table: (row.rows_in, row.rows_out, row.removed, row.quarantined, row.versions is not None)
        for row in ledger.where("table <> 'gold.category_daily'").collect()
    }
    assert entries == {
        BATCH.quarantine.full_name: (2, 2, 0, 2, True),
        BATCH.silver.full_name: (8, 0, 2, 2, True),
        BATCH.features.full_name: (6, 0, 2, 0, True),
    }

    # A removed pin returns; of two others, one newer event is refused and one passes.
    events.send(own.kafka, [events.pin(PINS[0], 20), events.pin(PINS[3], 500), events.pin(PINS[4], 11)])
    run_lanes(spark, own)

    sums = _sums(own, spark)
    assert [total for total in sums if not total.balanced] == []
    figures = {(total.lane, total.what): total.found for total in sums}
    assert figures["batch", "rows entered = rows of silver.pins_batch"] == 7
    assert figures["batch", "rows entered = rows of quarantine.pins_batch"] == 3
    assert figures["stream", "rows entered = rows of silver.pins_stream"] == 10


def test_a_rebuild_by_command_beside_a_stream(own: Settings) -> None:
    day = datetime.now(UTC).date()
    events.send(own.kafka, [events.pin(pin, 10, title="Caf") for pin in PINS[:3]])
    steps = warm_commands.in_turn(["consume"], ["bronze"], ["silver"], ["gold"], settings=own)
    assert [step.code for step in steps] == [0] * 4, steps[0].errors

    span = ("--from", str(day), "--to", str(day + timedelta(days=1)))
    stricter = own.model_copy(update={"text_policy": "ascii"})
    with table_locks.hold_locks(own, [table_locks.STREAM_LOCK], command="pinlake stream"):
        preview, published, second_preview, titles, stream = warm_commands.in_turn(
            ["rebuild", *span, "--limit", "1"],
            ["rebuild", *span, "--publish", "--json"],
            ["rebuild", *span, "--json"],
            ["sql", "SELECT DISTINCT title FROM silver.pins_batch", "--json"],
            ["rebuild", *span, "--lane", "stream"],
            settings=stricter,
        )

    assert preview.out.splitlines() == [
        "3 events checked again: 0 more rows for quarantine, 0 rows of quarantine pass now",
        "silver.pins_batch: 0 added, 3 changed, 0 removed",
        "  title: 3",
        f'  {PINS[0]}: title "Caf" -> "Caf"',
        "gold.pin_features_batch: 0 added, 0 changed, 0 removed",
        "gold.category_daily: 0 added, 0 changed, 0 removed",
        "nothing was written: use --publish to publish the changes",
    ], preview.errors
    (summary,) = published.rows
    assert (published.code, summary["published"], summary["judged"]) == (0, True, 3)
    assert [table["changed"] for table in summary["tables"]] == [3, 0, 0]
    assert summary["tables"][0]["examples"][0]["values"] == {"title": ["Caf", "Caf"]}
    assert [table["changed"] for table in second_preview.rows[0]["tables"]] == [0, 0, 0]
    assert titles.rows == [{"title": "Caf"}]
    assert (stream.code, stream.out) == (2, "")
    assert "only the batch lane can be rebuilt" in stream.errors


def _make_old_ledger(own: Settings, spark: SparkSession) -> None:
    """Create the ledger in its old form, from when no step could remove a row."""
    path = DeltaLake.of(spark, own).path(OPS_LEDGER)
    columns = StructType([field for field in LEDGER if field.name != "removed"])
    DeltaTable.createIfNotExists(spark).location(path).addColumns(columns).execute()


def _open_sums(own: Settings, spark: SparkSession) -> list[BalanceCheck]:
    return [total for total in _sums(own, spark) if not total.balanced]


def _sums(own: Settings, spark: SparkSession) -> list[BalanceCheck]:
    lake = DeltaLake.of(spark, own)
    return closing.check_balance(lake, collect.collect(lake, ServingDatabase(own.postgres)))
