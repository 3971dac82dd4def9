"""The hand-written pipeline on real servers: every record once, in its tables and in Postgres."""

from __future__ import annotations

import polars as pl
import pytest

from benchmarks.handwritten.serving import ServingTable
from benchmarks.handwritten.steps import prepare, time_batch_lane, time_stream_lane
from benchmarks.handwritten.tables import DeltaTables
from benchmarks.topic import Span, fill
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM, Table

EVENTS = 200


@pytest.fixture
def span(own: Settings) -> Span:
    prepare(own)
    return fill(own.kafka, own.kafka.batch_topic, events=EVENTS).span


def _count(settings: Settings, table: Table) -> int:
    return len(DeltaTables.in_bucket(settings.s3).scan(table).select(pl.first()).collect())


def test_the_batch_lane_has_one_row_per_pin_however_often_it_reads_them(own: Settings, span: Span) -> None:
    for _ in range(2):
        assert time_batch_lane(own, span) > 0
    assert [_count(own, table) for table in (BATCH.bronze, BATCH.silver, BATCH.features)] == [400, 200, 200]
    days = DeltaTables.in_bucket(own.s3).scan(CATEGORY_DAILY).select(pl.col("pins").sum()).collect()
    assert days.item() == EVENTS


def test_the_stream_lane_has_one_row_per_event_and_serves_each_pin(own: Settings, span: Span) -> None:
    for _ in range(2):
        seconds = time_stream_lane(own, span)
        assert 0 < seconds.served < seconds.written
    assert [_count(own, table) for table in (STREAM.bronze, STREAM.silver, STREAM.features)] == [
        400,
        200,
        200,
    ]
    assert ServingTable(own.postgres).count_rows() == EVENTS


def test_a_part_of_a_topic_can_be_read(own: Settings, span: Span) -> None:
    later = fill(own.kafka, span.topic, events=50).span
    time_stream_lane(own, later)
    assert _count(own, STREAM.silver) == 50
