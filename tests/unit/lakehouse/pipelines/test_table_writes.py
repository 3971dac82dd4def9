"""Writes of a micro-batch: one where there are rows for a table, each named by its step and its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pyspark.sql import DataFrame

from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.delta import commit_info
from lakehouse.delta.appends import EventIds, IdRange
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.pipelines import table_writes
from lakehouse.pipelines.table_writes import HistoryWriter, LaneWriter
from lakehouse.quality.gate import Gate, GateResult
from lakehouse.quality.suite_model import Suite
from tests.unit.lakehouse.in_memory_lake import InMemoryLake, Rows

BATCH_OF_ROWS = MicroBatch("query", 3, commit_info.begin(lane="batch"))
VALID = [{"unique_id": "a", "event_id": "1"}]
REFUSED = [{"id": "x"}]


class Result(GateResult):
    """The result of a gate whose refused rows are in the driver."""

    def invalid_rows(self) -> DataFrame:
        return Rows(REFUSED).dataframe


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> InMemoryLake:
    """A lakehouse whose transforms, which need Spark, change nothing but the layer of refused rows."""
    monkeypatch.setattr(table_writes, "to_features", lambda rows: rows)
    monkeypatch.setattr(table_writes, "to_quarantine", _with_layer)
    return InMemoryLake()


def _with_layer(rows: Rows, *, layer: str) -> Rows:
    return Rows([{**row, "layer": layer} for row in rows.rows])


def _result(table: Table, *, written: int, quarantined: int) -> GateResult:
    counts = StepMetrics(read=written + quarantined, written=written, quarantined=quarantined)
    opened = Gate(table, Suite(table.suite, (), "fingerprint"), {})
    return Result(Rows(VALID).dataframe, opened, counts, ())


def _layers(lake: InMemoryLake) -> list[str]:
    return [str(row["layer"]) for row in lake.rows(BATCH.quarantine)]


@pytest.mark.parametrize(("written", "quarantined"), [(0, 0), (2, 0), (0, 1), (2, 1)])
def test_a_table_is_written_only_if_there_are_rows_for_it(
    written: int, quarantined: int, lake: InMemoryLake
) -> None:
    result = _result(BATCH.silver, written=written, quarantined=quarantined)
    writes = LaneWriter(lake, BATCH).silver_writes(Rows(VALID).dataframe, result, BATCH_OF_ROWS)

    for write in writes:
        write()

    assert lake.rows(BATCH.silver) == (VALID if written else [])
    assert _layers(lake) == (["silver"] if quarantined else [])


@pytest.mark.parametrize(("written", "quarantined"), [(0, 0), (2, 0), (0, 1), (2, 1)])
def test_features_are_written_in_the_same_way(written: int, quarantined: int, lake: InMemoryLake) -> None:
    result = _result(BATCH.features, written=written, quarantined=quarantined)

    for write in LaneWriter(lake, BATCH).features_writes(result.rows, result, BATCH_OF_ROWS):
        write()

    assert lake.rows(BATCH.features) == (VALID if written else [])
    assert _layers(lake) == (["gold"] if quarantined else [])


def test_commits_name_their_step_with_the_counts_of_its_gate(lake: InMemoryLake) -> None:
    writer = LaneWriter(lake, BATCH)
    silver = _result(BATCH.silver, written=5, quarantined=2)
    gold = _result(BATCH.features, written=4, quarantined=1)

    for write in [
        *writer.silver_writes(Rows(VALID).dataframe, silver, BATCH_OF_ROWS),
        *writer.features_writes(gold.rows, gold, BATCH_OF_ROWS),
    ]:
        write()

    assert _steps(lake.batches[BATCH.silver.full_name]) == [("silver", 7, 2)]
    assert _steps(lake.batches[BATCH.features.full_name]) == [("gold", 5, 1)]
    assert _steps(lake.batches[BATCH.quarantine.full_name]) == [("silver", 7, 2), ("gold", 5, 1)]


def test_both_layers_can_refuse_rows_of_one_micro_batch(lake: InMemoryLake) -> None:
    # Delta ignores a second write of the same query and number to a table.
    writer = LaneWriter(lake, BATCH)

    for table in (BATCH.silver, BATCH.features):
        writer.append_quarantine(_result(table, written=0, quarantined=1), BATCH_OF_ROWS)

    batches = lake.batches[BATCH.quarantine.full_name]
    assert [(batch.query, batch.number) for batch in batches] == [("query/silver", 3), ("query/gold", 3)]
    assert _layers(lake) == ["silver", "gold"]


def test_a_lane_writes_its_own_tables(lake: InMemoryLake) -> None:
    writer = LaneWriter(lake, STREAM)
    rows: Sequence[Mapping[str, Any]] = VALID

    writer.write_silver(Rows(rows).dataframe, BATCH_OF_ROWS)
    writer.write_features(Rows(rows).dataframe, BATCH_OF_ROWS)

    assert set(lake.versions) == {"silver.pins_stream", "gold.pin_features_stream"}


def test_a_history_gets_the_events_that_it_lacks(lake: InMemoryLake, monkeypatch: pytest.MonkeyPatch) -> None:
    appended: list[tuple[str, EventIds]] = []

    def append(_: DeltaLake, __: DataFrame, table: Table, ___: MicroBatch, *, ids: EventIds) -> None:
        appended.append((table.full_name, ids))

    monkeypatch.setattr(table_writes, "append_new_events", append)
    ids = EventIds((IdRange("1", "2"),), repeated=False)
    writer = HistoryWriter(lake, STREAM, ids)
    silver, gold = (_result(table, written=1, quarantined=1) for table in (STREAM.silver, STREAM.features))

    for write in [
        *writer.silver_writes(silver.rows, silver, BATCH_OF_ROWS),
        *writer.features_writes(gold.rows, gold, BATCH_OF_ROWS),
    ]:
        write()

    assert appended == [("silver.pins_stream", ids), ("gold.pin_features_stream", ids)]
    assert [row["layer"] for row in lake.rows(STREAM.quarantine)] == ["silver", "gold"]


def _steps(batches: Sequence[MicroBatch]) -> list[tuple[str, int | None, int]]:
    infos = [batch.commit_info for batch in batches]
    return [(str(info.step), info.read, info.quarantined) for info in infos if info]
