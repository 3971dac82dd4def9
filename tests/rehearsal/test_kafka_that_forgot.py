"""Records that Kafka removed before a lane had read them: the lane stops and names them, or records them."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from kafka import TopicPartition
from pyspark.sql import SparkSession

from foundation.errors import TerminalError
from foundation.settings import Settings
from ingestion.landing.run import consume
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.ledger import balance as closing
from lakehouse.observability.ledger import collect, entries
from lakehouse.pipelines import batch as batch_lane
from lakehouse.pipelines.data_loss import detect_data_loss
from lakehouse.pipelines.stream import open_stream
from lakehouse.serving.postgres import ServingDatabase
from tests import events, records

PIN = "0190163d-8694-739b-aea5-{:012x}"


def test_offsets_that_are_gone_stop_a_lane_or_are_written_down(own: Settings, spark: SparkSession) -> None:
    own = own.model_copy(update={"kafka": records.create(own, partitions=2).kafka})
    lake = DeltaLake.of(spark, own)
    _send(own, range(6))
    consume(own)
    open_stream(spark, own).drain()
    end_offsets = {topic: _offsets(own, topic) for topic in (own.kafka.batch_topic, own.kafka.stream_topic)}
    _send(own, range(6, 30))
    lost = {topic: _forget(own, topic, after=ends) for topic, ends in end_offsets.items()}

    assert {astuple(lost.offsets) for lost in detect_data_loss(own)} == _ranges(lost)
    with pytest.raises(TerminalError) as refused:
        consume(own)
    _assert_names(refused.value, lost, own.kafka.batch_topic)
    with pytest.raises(TerminalError) as stopped:
        open_stream(spark, own).drain()
    _assert_names(stopped.value, lost, own.kafka.stream_topic)

    own = own.model_copy(update={"kafka": own.kafka.model_copy(update={"on_data_loss": "record"})})
    consume(own)
    batch_lane.run_bronze(lake)
    open_stream(spark, own).drain()

    collected = collect.collect(lake, ServingDatabase(own.postgres))
    ledger = collect.read(lake)
    recorded_ranges = {
        (row.topic, row.partition, row.first, row.last)
        for row in ledger.where(f"step = '{entries.LOST}'").selectExpr("inline(offsets)").collect()
    }
    assert recorded_ranges == _ranges(lost)
    assert detect_data_loss(own) == []
    sums = closing.check_balance(lake, collected)
    assert [total for total in sums if not total.balanced] == []
    lost_count = sum(last - first + 1 for first, last in lost[own.kafka.stream_topic].values())
    figures = {(total.lane, total.what): total.found for total in sums}
    assert figures["stream", "records read = rows in bronze"] == 30 - lost_count
    assert lost_count > 0


def _send(own: Settings, numbers: range) -> None:
    events.send(own.kafka, [events.pin(PIN.format(number), number) for number in numbers])


def _offsets(own: Settings, topic: str) -> dict[int, int]:
    """Return the end offset of each partition."""
    ends: dict[int, int] = {}
    for record in records.read(own.kafka, topic):
        ends[record.partition] = max(record.offset + 1, ends.get(record.partition, 0))
    return ends


def _forget(own: Settings, topic: str, *, after: dict[int, int]) -> dict[int, tuple[int, int]]:
    """Remove two records after these offsets where they exist; return the first and the last of them."""
    ends = _offsets(own, topic)
    lost = {
        partition: (after.get(partition, 0), after.get(partition, 0) + 1)
        for partition, end in ends.items()
        if partition in after and end >= after[partition] + 2
    }
    with records.admin(own.kafka) as client:
        client.delete_records({TopicPartition(topic, number): last + 1 for number, (_, last) in lost.items()})
    return lost


def _ranges(lost: dict[str, dict[int, tuple[int, int]]]) -> set[tuple[str, int, int, int]]:
    return {
        (topic, partition, first, last)
        for topic, ranges in lost.items()
        for partition, (first, last) in ranges.items()
    }


def _assert_names(error: TerminalError, lost: dict[str, dict[int, tuple[int, int]]], topic: str) -> None:
    # The consumer reads its partitions one after another.
    assert any(
        f"topic {topic}, partition {partition}, offsets {first} to {last}" in str(error)
        for partition, (first, last) in lost[topic].items()
    )
    assert "PINLAKE_KAFKA_ON_DATA_LOSS" in str(error)
