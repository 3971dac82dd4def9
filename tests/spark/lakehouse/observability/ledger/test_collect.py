"""Collecting the ledger adds what is new and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from foundation.offsets import LostOffsets, OffsetRange
from lakehouse.catalog.schemas import FEATURES
from lakehouse.catalog.tables import BATCH, STREAM
from lakehouse.delta.commit_info import Step, begin
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.observability.ledger import collect
from lakehouse.pipelines import data_loss
from lakehouse.serving.postgres import Load, ServingDatabase, Totals
from lakehouse.spark.dataframes import dataframe_from_rows

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
PIN = {"unique_id": "pin", "category": "art", "follower_count": 5, "downloaded": 1, "event_id": "event"}


class Serving:
    """Postgres with one load, which it returns each time it is asked."""

    def __init__(self) -> None:
        self.asked: list[datetime | None] = []

    def ensure(self) -> None:
        """Everything exists."""

    def read_loads(self, *, since: datetime | None = None) -> list[Load]:
        self.asked.append(since)
        return [Load(7, begin(lane="stream", step=Step.SERVING).as_json(), 5, 2, 1, 0, NOON)]

    def read_totals(self) -> Totals:
        return Totals(2, 2)


def test_new_commits_are_added_once(new_lake: DeltaLake) -> None:
    serving = Serving()
    new_lake.ensure(BATCH.features)
    _append(new_lake, number=0)
    data_loss.record(new_lake, LostOffsets(STREAM.name, OffsetRange("pins", 0, 5, 9)))

    first = collect.collect(new_lake, cast("ServingDatabase", serving))

    assert (dict(first.versions), first.totals) == ({BATCH.features.full_name: 1}, Totals(2, 2))
    # The creation of a table is a commit without commit info.
    expected = [("gold.pin_features_batch", 1), ("kafka.pins-0", 5), ("postgres", 7)]
    assert _ledger(new_lake) == expected

    _append(new_lake, number=1)
    second = collect.collect(new_lake, cast("ServingDatabase", serving))

    assert dict(second.versions) == {BATCH.features.full_name: 2}
    assert _ledger(new_lake) == [expected[0], ("gold.pin_features_batch", 2), *expected[1:]]
    # A load may become visible after a later one.
    assert serving.asked == [None, NOON - timedelta(hours=1)]


def _append(new_lake: DeltaLake, *, number: int) -> None:
    rows = dataframe_from_rows(new_lake.spark, [PIN | {"event_time": NOON}], FEATURES)
    new_lake.append(rows, BATCH.features, MicroBatch("query", number, begin(lane="batch", step=Step.GOLD)))


def _ledger(new_lake: DeltaLake) -> list[tuple[str, int]]:
    return sorted(
        (row.table, row.version) for row in collect.read(new_lake).select("table", "version").collect()
    )
