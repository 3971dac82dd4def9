"""A micro-batch of the serving query: every valid event is sent, with one job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from pyspark.sql import SparkSession

from foundation.offsets import Positions
from lakehouse.delta import commit_info
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.pipelines.serving_query import serving_session
from lakehouse.pipelines.serving_writer import ServingBatchWriter
from lakehouse.serving.postgres import ServingDatabase
from tests.costs import count_jobs
from tests.kafka_frames import kafka_frame, pin_bytes
from tests.suites import allow_followers

PIN, OTHER = "0190163d-8694-739b-aea5-966c26f8ad90", "0190163d-8694-739b-aea5-966c26f8ad91"
BATCH = MicroBatch("serving", 3, commit_info.begin(lane="stream"))
POSITION = {"t": {"0": 4}}
MAX_JOBS = 1


class Serving:
    """Postgres, which keeps what it is sent."""

    def __init__(self) -> None:
        self.loads: list[tuple[list[list[str]], MicroBatch, Positions]] = []

    def load(self, lines: Sequence[str], batch: MicroBatch, *, position: Positions) -> None:
        self.loads.append(([line.split(",") for line in lines], batch, position))


def test_valid_events_are_sent_in_order_and_the_rest_counted(spark: SparkSession) -> None:
    serving = Serving()
    writer = ServingBatchWriter(spark, cast("ServingDatabase", serving), text_policy="unicode")
    session = serving_session(spark)
    values = (pin_bytes(PIN, "10"), pin_bytes(PIN, "1900M"), pin_bytes(OTHER, "20"), b"no json")

    counts = writer.write(writer.to_lines(kafka_frame(session, *values)), BATCH, position=POSITION)

    assert (counts.read, counts.written, counts.quarantined) == (4, 2, 2)
    ((lines, batch, position),) = serving.loads
    assert [line[:3] for line in lines] == [[PIN, "art", "10"], [OTHER, "art", "20"]]
    assert position == POSITION
    info = batch.commit_info
    assert info is not None
    assert (info.step, info.read, info.quarantined) == ("serving", 4, 2)


def test_a_newer_event_that_golds_gate_refuses_hides_no_older_one(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_followers(monkeypatch, tmp_path, between=(0, 100), layer="gold")
    serving = Serving()
    writer = ServingBatchWriter(spark, cast("ServingDatabase", serving), text_policy="unicode")
    rows = kafka_frame(spark, pin_bytes(PIN, "10"), pin_bytes(PIN, "20"), pin_bytes(PIN, "666"))

    counts = writer.write(writer.to_lines(rows), BATCH, position=POSITION)

    ((lines, batch, _),) = serving.loads
    assert [line[:3] for line in lines] == [[PIN, "art", "10"], [PIN, "art", "20"]]
    assert (counts.read, counts.written, counts.quarantined) == (3, 2, 1)
    assert batch.commit_info is not None
    assert batch.commit_info.passed == 2


def test_a_micro_batch_of_refused_records_is_a_load_without_rows(spark: SparkSession) -> None:
    serving = Serving()
    writer = ServingBatchWriter(spark, cast("ServingDatabase", serving), text_policy="unicode")

    lines = writer.to_lines(kafka_frame(spark, b"no json"))
    counts = writer.write(lines, BATCH, position=POSITION)
    nothing = writer.write(lines.limit(0), BATCH, position=POSITION)

    assert (counts.read, counts.written, counts.quarantined) == (1, 0, 1)
    assert (nothing.read, nothing.written, nothing.quarantined) == (0, 0, 0)
    assert [lines for lines, _, _ in serving.loads] == [[], []]


def test_it_costs_one_job(spark: SparkSession) -> None:
    writer = ServingBatchWriter(spark, cast("ServingDatabase", Serving()), text_policy="unicode")
    pins = [pin_bytes(PIN, str(number)) for number in range(50)]
    rows = kafka_frame(serving_session(spark), *pins).localCheckpoint()

    jobs = count_jobs(spark, lambda: writer.write(writer.to_lines(rows), BATCH, position=POSITION))

    assert jobs == MAX_JOBS
