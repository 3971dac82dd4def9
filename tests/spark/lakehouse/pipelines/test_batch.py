"""The batch lane's steps on a local disk: new records are written once, whatever was interrupted."""

from __future__ import annotations

from foundation.event import new_event_id
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines import batch as batch_lane
from tests.checkpoints import forget_last_commit
from tests.landing_objects import land

EARLIEST = new_event_id()
PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]


def test_a_lane_that_crashed_at_any_step_ends_as_if_it_had_not(lake: DeltaLake) -> None:
    _land(lake, 0, [(pin, "art", 10) for pin in PINS[:3]])
    assert _promote(lake) == [(3, 3, 0), (3, 3, 0), (3, 3, 0)]

    # An update that moves a pin to another category, a late older event, and a record that is not a pin.
    _land(lake, 3, [(PINS[0], "home", 30), ("no uuid", "art", 1), (PINS[3], "art", 5)])
    _land(lake, 6, [(PINS[0], "late", 99)], event_ids=[EARLIEST])
    assert _promote(lake) == [(4, 4, 0), (4, 3, 1), (2, 2, 0)]
    before = _state(lake)

    for table in (BATCH.bronze, BATCH.silver, BATCH.features):
        forget_last_commit(lake, table)
    _promote(lake)

    assert _state(lake) == before
    assert before == {
        "bronze": 7,
        "quarantine": 1,
        "silver": {PINS[0]: 30, PINS[1]: 10, PINS[2]: 10, PINS[3]: 5},
        "features": {PINS[0]: 30, PINS[1]: 10, PINS[2]: 10, PINS[3]: 5},
        "daily": {"art": 3, "home": 1},
    }
    assert _promote(lake) == [(0, 0, 0)] * 3


def test_a_lane_without_data_counts_nothing_and_creates_its_tables(new_lake: DeltaLake) -> None:
    assert _promote(new_lake) == [(0, 0, 0)] * 3


def _promote(lake: DeltaLake) -> list[tuple[int, int, int]]:
    return [_counts(step) for step in batch_lane.run_all(lake, text_policy="unicode").values()]


def _counts(metrics: StepMetrics) -> tuple[int, int, int]:
    return metrics.read, metrics.written, metrics.quarantined


def _land(
    lake: DeltaLake, first: int, pins: list[tuple[str, str, int]], *, event_ids: list[str] | None = None
) -> None:
    records = [
        {"unique_id": unique_id, "category": category, "follower_count": followers, "downloaded": 1}
        for unique_id, category, followers in pins
    ]
    land(lake, records, first=first, event_ids=event_ids)


def _state(lake: DeltaLake) -> dict[str, object]:
    def read(table: Table) -> list[dict[str, object]]:
        rows = lake.read(table).collect()
        return [row.asDict() for row in rows]

    return {
        "bronze": len(read(BATCH.bronze)),
        "quarantine": len(read(BATCH.quarantine)),
        "silver": {row["unique_id"]: row["follower_count"] for row in read(BATCH.silver)},
        "features": {row["unique_id"]: row["follower_count"] for row in read(BATCH.features)},
        "daily": {row["category"]: row["pins"] for row in read(CATEGORY_DAILY)},
    }
