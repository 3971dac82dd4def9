"""Daily figures: only the days that are recomputed change, and another write of them changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from lakehouse.catalog.schemas import SILVER
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.pipelines.table_writes import LaneWriter

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
RUN = commit_info.begin(lane="batch", step="silver")


def test_only_the_given_days_are_recomputed_from_silver(lake: DeltaLake) -> None:
    writer = LaneWriter(lake, BATCH)
    for table in (BATCH.silver, CATEGORY_DAILY):
        lake.ensure(table)

    _append_pins(lake, 0)
    writer.replace_category_daily([TUESDAY, MONDAY], MicroBatch("query", 0, RUN))
    assert _pins(lake) == {MONDAY: 1, TUESDAY: 1}

    _append_pins(lake, 1)
    for _ in range(2):
        writer.replace_category_daily([MONDAY], MicroBatch("query", 1, RUN))
    assert _pins(lake) == {MONDAY: 2, TUESDAY: 1}


def _append_pins(lake: DeltaLake, number: int) -> None:
    """Append a pin per day to silver."""
    rows = lake.spark.createDataFrame([_silver_row(MONDAY, 23), _silver_row(TUESDAY, 0)], SILVER)
    lake.append(rows, BATCH.silver, MicroBatch("pins", number, RUN))


def _silver_row(day: date, hour: int) -> tuple[Any, ...]:
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    values = {"unique_id": f"{day} {hour}", "category": "art", "event_time": at, "downloaded": 1}
    return tuple(values.get(name) for name in SILVER.fieldNames())


def _pins(lake: DeltaLake) -> dict[date, int]:
    return {row.day: row.pins for row in lake.read(CATEGORY_DAILY).collect()}
