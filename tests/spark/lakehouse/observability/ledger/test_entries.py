"""Entries of the ledger: rows in and out of a commit, a load of Postgres, and a range of lost offsets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.types import (
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from foundation.offsets import OffsetRange
from lakehouse.catalog.schemas import LEDGER
from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.delta.commit_info import CommitInfo, Step, Versions
from lakehouse.observability.ledger import entries
from lakehouse.spark.dataframes import dataframe_from_rows

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
INFO = CommitInfo(
    "run", "batch", Step.SILVER, NOON - timedelta(seconds=2), query="query", batch=4, code="1.0"
)
HISTORY = StructType(
    [
        StructField("version", LongType()),
        StructField("timestamp", TimestampType()),
        StructField("operationMetrics", MapType(StringType(), StringType())),
        StructField("userMetadata", StringType()),
    ]
)
Metrics = Mapping[str, str]


def _history(spark: SparkSession, *commits: tuple[Metrics, CommitInfo | str | None]) -> DataFrame:
    rows = [
        {
            "version": version,
            "timestamp": NOON,
            "operationMetrics": metrics,
            "userMetadata": info.as_json() if isinstance(info, CommitInfo) else info,
        }
        for version, (metrics, info) in enumerate(commits)
    ]
    return dataframe_from_rows(spark, rows, HISTORY)


def _entries(
    spark: SparkSession, table: Table, *commits: tuple[Metrics, CommitInfo | str | None]
) -> dict[int, Row]:
    rows = entries.from_commits(_history(spark, *commits), table)
    assert rows.columns == LEDGER.fieldNames()
    return {row.version: row for row in rows.collect()}


def test_a_merge_counts_what_it_read_wrote_and_left_as_it_was(spark: SparkSession) -> None:
    metrics = {
        "numTargetRowsInserted": "3",
        "numTargetRowsUpdated": "1",
        "numTargetRowsDeleted": "2",
        "numTargetBytesAdded": "1000",
    }
    info = replace(INFO, read=7, quarantined=1, passed=5, versions=Versions(5, 6))

    entry = _entries(spark, BATCH.silver, (metrics, info))[0]

    assert (entry.table, entry.lane, entry.step, entry.run_id) == (
        "silver.pins_batch", "batch", "silver", "run",
    )  # fmt: skip
    assert (entry.query, entry.batch, entry.code) == ("query", 4, "1.0")
    assert (entry.rows_in, entry.rows_out, entry.inserted, entry.removed) == (7, 4, 3, 2)
    assert (entry.quarantined, entry.superseded, entry.bytes, entry.seconds) == (1, 2, 1000, 2.0)
    assert entry.passed == 5
    assert (entry.offsets, entry.versions.first, entry.versions.last) == (None, 5, 6)


def test_an_append_counts_its_offsets_and_supersedes_nothing(spark: SparkSession) -> None:
    offsets = [OffsetRange("pins", 0, 5, 9), OffsetRange("pins", 1, 0, 0)]
    appended = _entries(
        spark,
        BATCH.bronze,
        ({"numOutputRows": "5", "numOutputBytes": "10"}, replace(INFO, offsets=offsets)),
        ({"numOutputRows": "5"}, replace(INFO, offsets=offsets, read=8)),
    )

    # One record was lost on its way: six offsets were read.
    assert (appended[0].rows_in, appended[0].rows_out, appended[0].superseded) == (6, 5, 0)
    assert [part.asDict() for part in appended[0].offsets] == [
        {"topic": "pins", "partition": 0, "first": 5, "last": 9},
        {"topic": "pins", "partition": 1, "first": 0, "last": 0},
    ]
    # A count of the step's own comes first.
    assert appended[1].rows_in == 8


def test_an_append_to_a_history_supersedes_the_events_that_it_has(spark: SparkSession) -> None:
    metrics = {"numOutputRows": "5"}
    info = replace(INFO, read=9, quarantined=1)

    assert _entries(spark, STREAM.silver, (metrics, info))[0].superseded == 3


def test_a_restore_counts_its_net_change_because_delta_does_not(spark: SparkSession) -> None:
    restored = _entries(
        spark,
        BATCH.silver,
        ({"numRestoredFiles": "1"}, replace(INFO, step=Step.RESTORE, net=-5)),
        ({"numRestoredFiles": "1"}, replace(INFO, step=Step.RESTORE, net=5)),
    )

    assert [(row.inserted, row.removed) for row in restored.values()] == [(0, 5), (5, 0)]
    assert {row.rows_in for row in restored.values()} == {None}


def test_only_commits_with_commit_info_have_an_entry(spark: SparkSession) -> None:
    metrics = {"numOutputRows": "5"}

    rows = _entries(
        spark, BATCH.quarantine, (metrics, None), (metrics, "by hand"), (metrics, "{}"), (metrics, INFO)
    )

    assert list(rows) == [3]
    # A record that is refused again is updated in quarantine: nothing is superseded there.
    assert rows[3].superseded == 0


def test_a_load_of_postgres_has_an_entry(spark: SparkSession) -> None:
    columns = StructType(
        [
            *(StructField(name, LongType()) for name in ("id", "rows_in", "inserted", "updated", "erased")),
            StructField("receipt", StringType()),
            StructField("loaded_at", TimestampType()),
        ]
    )
    load = {"id": 7, "rows_in": 5, "inserted": 2, "updated": 1, "erased": 3, "loaded_at": NOON}
    rows = [load | {"receipt": INFO.as_json()}, load | {"id": 8, "receipt": None}]

    (entry,) = entries.from_loads(dataframe_from_rows(spark, rows, columns)).collect()

    assert (entry.table, entry.version, entry.run_id) == ("postgres", 7, "run")
    assert (entry.rows_in, entry.rows_out, entry.inserted, entry.removed) == (5, 3, 2, 3)
    assert (entry.superseded, entry.bytes) == (2, None)


def test_lost_offsets_have_an_entry_per_range(spark: SparkSession) -> None:
    columns = StructType(
        [
            StructField("at", TimestampType()),
            StructField("lane", StringType()),
            StructField("topic", StringType()),
            StructField("partition", IntegerType()),
            StructField("first", LongType()),
            StructField("last", LongType()),
        ]
    )
    lost = {"at": NOON, "lane": "stream", "topic": "pins", "partition": 1, "first": 5, "last": 9}

    (entry,) = entries.from_lost_offsets(dataframe_from_rows(spark, [lost], columns)).collect()

    assert (entry.table, entry.version, entry.lane, entry.step) == ("kafka.pins-1", 5, "stream", "lost")
    assert (entry.rows_in, entry.rows_out, entry.run_id) == (0, 0, None)
    assert [part.asDict() for part in entry.offsets] == [
        {"topic": "pins", "partition": 1, "first": 5, "last": 9}
    ]


def test_a_load_of_the_serving_query_counts_what_it_has_read(spark: SparkSession) -> None:
    columns = StructType(
        [
            *(StructField(name, LongType()) for name in ("id", "rows_in", "inserted", "updated", "erased")),
            StructField("receipt", StringType()),
            StructField("loaded_at", TimestampType()),
        ]
    )
    info = replace(INFO, lane="stream", query="serving", step=Step.SERVING, read=10, quarantined=2)
    load = {"id": 7, "rows_in": 5, "inserted": 2, "updated": 1, "erased": 0, "loaded_at": NOON}

    (entry,) = entries.from_loads(
        dataframe_from_rows(spark, [load | {"receipt": info.as_json()}], columns)
    ).collect()

    assert (entry.rows_in, entry.quarantined, entry.rows_out, entry.superseded) == (10, 2, 3, 5)
