"""Reading a quarantine changes nothing; a replay compiles each suite once and appends events once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from pyspark.sql import DataFrame

from lakehouse.catalog.schemas import QUARANTINE
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta.commit_info import begin
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.quarantine import Quarantine, ReplayResult, corrected_fields
from lakehouse.pipelines.stream_writer import StreamBatchWriter
from lakehouse.quality import gate as gates
from lakehouse.quality.results import GateStats
from lakehouse.quality.suite_model import Suite
from lakehouse.quality.suites import load_suite
from lakehouse.serving.postgres import ServingDatabase
from tests.kafka_frames import event_frame, pin_bytes

PIN = "0190163d-8694-739b-aea5-966c26f8ad90"
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def test_reading_a_quarantine_that_does_not_exist_writes_nothing(new_lake: DeltaLake, tmp_path: Path) -> None:
    rows = Quarantine(new_lake, STREAM).select("state = 'open'").collect()

    assert rows == []
    assert list(tmp_path.iterdir()) == []


def test_a_quarantine_of_an_older_pinlake_is_read_as_it_is(new_lake: DeltaLake) -> None:
    path = new_lake.path(STREAM.quarantine)
    new_lake.spark.createDataFrame([], QUARANTINE).drop("corrected", "note").write.format("delta").save(path)

    assert Quarantine(new_lake, STREAM).select("note IS NULL AND corrected IS NULL").collect() == []

    assert new_lake.version(STREAM.quarantine) == 0


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


def test_a_replay_appends_to_the_history_what_it_lacks_and_serves_the_newest(lake: DeltaLake) -> None:
    ids = [f"0190163d-0000-7000-8000-00000000000{number}" for number in range(3)]
    values = [pin_bytes(PIN, followers) for followers in ("1900M", "20", "1700M")]
    writer = StreamBatchWriter(lake, text_policy="unicode", stats=GateStats())
    writer.ensure()
    # The second event passes. The other two are refused, the third of them twice.
    sent = [*zip(ids, values, strict=True), (ids[2], values[2])]
    writer.write(event_frame(lake.spark, *sent), MicroBatch("query", 0, begin(lane="stream")))
    quarantine = Quarantine(lake, STREAM)
    quarantine.fix("true", corrected_fields({"follower_count": "left(follower_count, 2)"}), note=None)
    serving = Serving()

    result = quarantine.replay(
        "true", text_policy="unicode", serving=cast("ServingDatabase", serving), note="again"
    )

    assert result == ReplayResult(3, 3)
    expected = list(zip(ids, (19, 20, 17), strict=True))
    for table in (STREAM.silver, STREAM.features):
        rows = lake.read(table).orderBy("event_id").collect()
        assert [(row.event_id, row.follower_count) for row in rows] == expected
    assert serving.rows == [(ids[2], 17)]


class Serving:
    """Postgres, which keeps what it is sent."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int]] = []

    def upsert(self, features: DataFrame, batch: MicroBatch) -> None:
        assert batch.commit_info is not None
        self.rows += [(row.event_id, row.follower_count) for row in features.collect()]
