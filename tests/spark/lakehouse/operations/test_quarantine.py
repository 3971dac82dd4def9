"""Reading a quarantine changes nothing, and a replay compiles each suite once, however many rows it has."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse.catalog.schemas import QUARANTINE
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.operations.quarantine import Quarantine, ReplayResult
from lakehouse.quality import gate as gates
from lakehouse.quality.suite_model import Suite
from lakehouse.quality.suites import load_suite

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def test_reading_a_quarantine_that_does_not_exist_writes_nothing(lake: DeltaLake, tmp_path: Path) -> None:
    rows = Quarantine(lake, STREAM).select("state = 'open'").collect()

    assert rows == []
    assert list(tmp_path.iterdir()) == []


def test_a_quarantine_of_an_older_pinlake_is_read_as_it_is(lake: DeltaLake) -> None:
    path = lake.path(STREAM.quarantine)
    lake.spark.createDataFrame([], QUARANTINE).drop("corrected", "note").write.format("delta").save(path)

    assert Quarantine(lake, STREAM).select("note IS NULL AND corrected IS NULL").collect() == []

    assert lake.version(STREAM.quarantine) == 0


def test_a_replay_loads_each_suite_once(lake: DeltaLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.ensure(STREAM.quarantine)
    judged: tuple[object, ...] = ("silver", ["value.missing"], [], b"{}")
    refused: list[tuple[object, ...]] = [
        (str(offset), *judged, "event", "topic", 0, offset, NOW, None, NOW, "open", None, None, NOW)
        for offset in range(3)
    ]
    rows = lake.spark.createDataFrame(refused, QUARANTINE)
    lake.append(rows, STREAM.quarantine, MicroBatch("query", 0))
    loaded: Counter[str] = Counter()

    def count_loads(table: Table) -> Suite:
        loaded[table.full_name] += 1
        return load_suite(table)

    monkeypatch.setattr(gates, "load_suite", count_loads)

    result = Quarantine(lake, STREAM).replay("true", text_policy="unicode", serving=None, note=None)

    assert result == ReplayResult(3, 0)
    assert loaded == {STREAM.silver.full_name: 1, STREAM.features.full_name: 1}
