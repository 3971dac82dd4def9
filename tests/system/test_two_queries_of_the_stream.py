"""The stream lane's two queries on real servers: each goes on without the other, and none skips an event."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from pyspark.sql import SparkSession

from foundation import kafka_admin
from foundation.errors import TransientError
from foundation.postgres import connect
from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.ledger import balance, collect
from lakehouse.pipelines.serving_query import ServingQuery
from lakehouse.pipelines.serving_writer import ServingBatchWriter
from lakehouse.pipelines.stream import open_stream
from lakehouse.serving.postgres import ServingDatabase
from local_stack.addresses import free_ports
from tests import events
from tests.served import served

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(8)]


def test_each_query_goes_on_without_the_others_server_and_neither_skips_an_event(
    own: Settings, spark: SparkSession
) -> None:
    _send(own, PINS[:3])
    store = own.s3.model_copy(update={"bucket": "there-is-none"})
    with pytest.raises(TransientError):
        open_stream(spark, own.model_copy(update={"s3": store})).drain()

    assert set(served(own)) == set(PINS[:3])
    assert not DeltaLake.of(spark, own).exists(STREAM.bronze)
    (load,) = _loads(own)

    _send(own, PINS[3:5])
    (port,) = free_ports(1)
    postgres = own.postgres.model_copy(update={"port": port, "timeout_seconds": 0.5})
    with pytest.raises(TransientError, match="Postgres did not answer"):
        open_stream(spark, own.model_copy(update={"postgres": postgres})).drain()

    assert _pins(own, spark) == set(PINS[:5])
    assert _loads(own) == [load]

    open_stream(spark, own).drain()
    assert set(served(own)) == set(PINS[:5])
    assert [(query, batch, rows, inserted) for query, batch, rows, inserted, _ in _loads(own)] == [
        ("serving", 0, 3, 3),
        ("serving", 1, 2, 2),
    ]
    _assert_balanced(own, spark)


def test_a_crash_after_the_commit_repeats_nothing_and_refused_records_move_the_position(
    own: Settings, spark: SparkSession
) -> None:
    _send(own, PINS[:3])
    with pytest.raises(TransientError, match="Spark stopped"):
        _crash_after_commit(own, spark)
    events.send(own.kafka, [b"no pin"])

    for _ in range(2):
        open_stream(spark, own).drain()

    loads = _loads(own)
    assert [(query, batch, rows, inserted) for query, batch, rows, inserted, _ in loads] == [
        ("serving", 0, 3, 3),
        ("serving", 1, 0, 0),
    ]
    topic = own.kafka.stream_topic
    assert loads[-1][-1] == kafka_admin.latest_offsets(own.kafka, topic)
    _assert_balanced(own, spark)


def _crash_after_commit(own: Settings, spark: SparkSession) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    serving = ServingDatabase(own.postgres)
    query = ServingQuery(
        DeltaLake.of(spark, own),
        own,
        serving=serving,
        writer=ServingBatchWriter(spark, serving, text_policy="unicode"),
        earliest=lambda: kafka_admin.earliest_offsets(own.kafka, own.kafka.stream_topic),
        run=commit_info.begin(lane="stream"),
    )
    try:
        query.open(crash).drain()
    finally:
        query.close()


def _send(own: Settings, pins: list[str]) -> None:
    events.send(own.kafka, [events.pin(unique_id, 10) for unique_id in pins])


def _pins(own: Settings, spark: SparkSession) -> set[str]:
    rows = DeltaLake.of(spark, own).read(STREAM.features).select("unique_id").collect()
    return {row.unique_id for row in rows}


def _loads(own: Settings) -> list[tuple[Any, ...]]:
    columns = "query, batch, rows_in, inserted, position"
    with closing(connect(own.postgres)) as session, session.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM loads ORDER BY id")
        return cursor.fetchall()


def _assert_balanced(own: Settings, spark: SparkSession) -> None:
    lake = DeltaLake.of(spark, own)
    sums = balance.check_balance(lake, collect.collect(lake, ServingDatabase(own.postgres)))
    assert [check for check in sums if not check.balanced] == []
