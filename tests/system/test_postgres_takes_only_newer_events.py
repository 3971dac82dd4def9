"""The upsert into Postgres: fenced, repeatable, exact for every text, with retries."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from pyspark.sql import DataFrame, SparkSession

from foundation.errors import TerminalError, TransientError
from foundation.postgres import connect
from foundation.settings import PostgresSettings, Settings
from lakehouse.catalog.schemas import FEATURES
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.serving.postgres import ServingDatabase
from local_stack import process
from local_stack import stack as local_stack
from local_stack.postgres import child

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
PIN = "0190163d-8694-739b-aea5-{:012x}"
EVENT = "0190163d-8694-7000-8000-{:012x}"


@pytest.fixture(scope="module")
def postgres(own_stack: Settings) -> PostgresSettings:
    """A database for this file."""
    return own_stack.postgres.model_copy(update={"database": "only newer", "timeout_seconds": 60.0})


def test_only_a_newer_event_replaces_a_row(spark: SparkSession, postgres: PostgresSettings) -> None:
    target = ServingDatabase(postgres)
    target.ensure()
    target.ensure()
    odd = 'a "quoted", \\n back\\slashed\n\ttext \u0439\u3042'
    first = _features(spark, [(1, 5, "art", 10), (2, 5, "", None), (3, 5, None, 7), (4, 5, odd, 2**31 - 1)])
    target.upsert(first, _batch(0))
    before = _rows(postgres)

    target.upsert(first, _batch(0))
    target.upsert(_features(spark, [(1, 4, "late", 1), (2, 6, "newer", 2)]), _batch(1))
    target.upsert(first.limit(0), _batch(2))

    after = _rows(postgres)
    assert {number: row[:3] for number, row in after.items()} == {
        1: ("art", 10, 5),
        2: ("newer", 2, 6),
        3: (None, 7, 5),
        4: (odd, 2**31 - 1, 5),
    }
    assert {number: before[number] for number in (1, 3, 4)} == {number: after[number] for number in (1, 3, 4)}
    assert after[1][3] == NOW + timedelta(seconds=5)
    loads = _ask(postgres, "SELECT batch, rows_in, inserted, updated FROM loads ORDER BY batch")
    assert loads == [(0, 4, 4, 0), (1, 2, 0, 1), (2, 0, 0, 0)]
    assert _ask(postgres, "SELECT category, pins FROM category_summary WHERE category = 'art'") == [
        ("art", 1)
    ]


def test_of_several_events_of_a_pin_the_newest_counts_and_of_repeats_the_first(
    spark: SparkSession, postgres: PostgresSettings
) -> None:
    target = ServingDatabase(postgres)
    target.ensure()

    several = [(11, 5, "older", 1), (11, 7, "newest", 2), (11, 7, "repeated", 3), (11, 6, "between", 4)]
    target.upsert(_features(spark, several).coalesce(1), _batch(10))
    target.upsert(_features(spark, [(11, 7, "repeated later", 5)]), _batch(11))

    assert _rows(postgres)[11][:3] == ("newest", 2, 7)
    loads = _ask(postgres, "SELECT rows_in, inserted, updated FROM loads WHERE batch >= 10 ORDER BY batch")
    assert loads == [(4, 1, 0), (1, 0, 0)]


def test_an_upsert_waits_for_a_server_that_was_killed(
    spark: SparkSession, own_stack: Settings, postgres: PostgresSettings
) -> None:
    target = ServingDatabase(postgres)
    target.ensure()
    running = process.find(child(own_stack.home))
    assert running is not None
    running.kill()
    with pytest.raises(TransientError, match="PINLAKE_POSTGRES_HOST"):
        ServingDatabase(postgres.model_copy(update={"timeout_seconds": 0.5})).upsert(
            _features(spark, []), _batch(3)
        )

    rows = _features(spark, [(9, 9, "waited", 9)])
    thread = threading.Thread(target=target.upsert, args=(rows, _batch(4)))
    thread.start()
    local_stack.up(own_stack)
    thread.join(90)

    assert not thread.is_alive()
    assert _rows(postgres)[9][:3] == ("waited", 9, 9)


def test_a_wrong_password_is_reported_at_once_and_without_it(postgres: PostgresSettings) -> None:
    wrong = postgres.model_copy(update={"password": SecretStr("hunter2")})

    with pytest.raises(TerminalError) as raised:
        ServingDatabase(wrong).ensure()

    assert "PINLAKE_POSTGRES_PASSWORD" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def _batch(number: int) -> MicroBatch:
    return MicroBatch("query", number)


def _features(spark: SparkSession, events: Sequence[tuple[int, int, str | None, int | None]]) -> DataFrame:
    rows = [
        (PIN.format(pin), category, followers, 1, EVENT.format(rank), NOW + timedelta(seconds=rank))
        for pin, rank, category, followers in events
    ]
    return spark.createDataFrame(rows, FEATURES)


def _rows(postgres: PostgresSettings) -> dict[int, tuple[Any, ...]]:
    columns = "category, follower_count, event_id, event_time, loaded_at"
    rows = _ask(postgres, f"SELECT unique_id, {columns} FROM experimental_data")
    return {int(pin[-12:], 16): (a, b, int(event[-12:], 16), *rest) for pin, a, b, event, *rest in rows}


def _ask(postgres: PostgresSettings, statement: str) -> list[tuple[Any, ...]]:
    with closing(connect(postgres)) as session, session.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()
