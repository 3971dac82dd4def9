"""Sums and comparison of both lanes: they close and agree, or the report names the differences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability import reconciliation as reconcile
from lakehouse.observability.ledger import balance as closing
from lakehouse.observability.ledger import collect
from lakehouse.observability.ledger.sums import BalanceCheck
from lakehouse.observability.reconciliation import Comparison, EventDifference
from lakehouse.pipelines.stream import open_stream
from lakehouse.serving.postgres import ServingDatabase
from pinlake.app.lanes import run_lanes
from tests import events

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(8)]


def test_sums_close_and_lanes_agree_until_tables_are_changed(own: Settings, spark: SparkSession) -> None:
    began = datetime.now(UTC)
    first = events.send(own.kafka, [events.pin(unique_id, 10) for unique_id in PINS])
    open_stream(spark, own).drain()
    # Newer events, one repeated event, one late event, and an invalid record.
    later = events.send(own.kafka, [events.pin(unique_id, 20) for unique_id in PINS[:3]])
    events.send(own.kafka, [events.pin(PINS[0], 20)], ids=later[:1])
    events.send(own.kafka, [events.pin(PINS[5], 10)], ids=first[5:6])
    events.send(own.kafka, [b"no pin", events.pin("no uuid", 1)])
    run_lanes(spark, own)

    collect.collect(DeltaLake.of(spark, own), ServingDatabase(own.postgres))
    sums = _check(own, spark)

    assert [total for total in sums if not total.balanced] == []
    figures = {(total.lane, total.what): total.found for total in sums}
    for lane in (BATCH, STREAM):
        assert figures[lane.name, "records read = rows in bronze"] == 15
        assert figures[lane.name, "rows refused = rows quarantined"] == 2
    assert figures["batch", "rows entered = rows of silver.pins_batch"] == 8
    # The stream lane keeps the events that newer ones have replaced, and each repeat only once.
    assert figures["stream", "rows entered = rows of silver.pins_stream"] == 11
    # Repeats are judged by both queries.
    assert figures["stream", "events past both gates in the tables = past both for Postgres"] == 13
    assert figures["stream", "rows entered = rows of Postgres"] == 8
    entries = collect.read(DeltaLake.of(spark, own))
    silver = entries.where("table = 'silver.pins_stream'").orderBy("version").collect()
    counts = [(row.rows_in, row.rows_out, row.inserted, row.quarantined, row.superseded) for row in silver]
    assert counts == [(8, 8, 8, 0, 0), (7, 3, 3, 2, 2)]
    assert entries.select("table", "version").distinct().count() == entries.count()
    comparison = _compare(own, spark, began)
    assert (comparison.events, comparison.differing) == (13, 0)

    _table(own, spark, STREAM.bronze).delete(f"event_id = '{first[7]}'")
    _table(own, spark, BATCH.silver).update(f"unique_id = '{PINS[6]}'", {"category": "'other'"})
    _table(own, spark, STREAM.silver).delete(f"event_id = '{later[1]}'")
    _table(own, spark, STREAM.silver).delete(f"event_id = '{first[2]}'")

    open_sums = [total.what for total in _check(own, spark) if not total.balanced]
    assert open_sums == [
        "rows entered = rows of bronze.pins_stream",
        "rows entered = rows of silver.pins_stream",
    ]
    assert _compare(own, spark, began).differences == (
        EventDifference(first[6], PINS[6], "silver differs in category"),
        EventDifference(first[7], PINS[7], "only the batch lane has it"),
        # A newer event of the pin is there, and the one before is not compared.
        EventDifference(later[1], PINS[1], "silver differs in follower_count, event_id, event_time"),
    )


def _check(own: Settings, spark: SparkSession) -> list[BalanceCheck]:
    lake = DeltaLake.of(spark, own)
    return closing.check_balance(lake, collect.collect(lake, ServingDatabase(own.postgres)))


def _compare(own: Settings, spark: SparkSession, began: datetime) -> Comparison:
    until = datetime.now(UTC) + timedelta(seconds=1)
    return reconcile.compare(DeltaLake.of(spark, own), since=began, until=until)


def _table(own: Settings, spark: SparkSession, table: Table) -> DeltaTable:
    return DeltaLake.of(spark, own).delta_table(table)
