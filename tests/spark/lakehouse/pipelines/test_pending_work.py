"""Pending work after Spark: one run after any commit leaves a state in which nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from lakehouse.catalog.tables import BATCH, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines import batch as batch_lane
from lakehouse.pipelines.pending_work.batch import bronze_work, gold_work, silver_work
from lakehouse.pipelines.pending_work.reasons import find_reason
from tests.checkpoints import forget_last_commit
from tests.landing_objects import land
from tests.stored_lake import StoredLake

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
Change = Callable[[DeltaLake], object]


def _compact(table: Table) -> Change:
    def compact(lake: DeltaLake) -> None:
        before = lake.version(table)
        lake.delta_table(table).optimize().executeCompaction()
        assert lake.version(table) > before, "one file cannot be compacted"

    return compact


def _delete(table: Table, where: str) -> Change:
    return lambda lake: lake.delta_table(table).delete(where)


def _set_property(table: Table) -> Change:
    value = "'delta.logRetentionDuration' = 'interval 90 days'"
    return lambda lake: lake.spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` SET TBLPROPERTIES ({value})")


def _interrupt(table: Table) -> Change:
    return lambda lake: forget_last_commit(lake, table)


# Apart from what is deleted, no row changes. Every step notices each of them.
CHANGES: dict[str, list[Change]] = {
    "compacted": [_compact(BATCH.bronze), _compact(BATCH.silver)],
    "with a new property": [_set_property(BATCH.bronze), _set_property(BATCH.silver)],
    "erased": [_delete(BATCH.bronze, "offset = 0"), _delete(BATCH.silver, f"unique_id = '{PINS[3]}'")],
    "interrupted": [_interrupt(BATCH.bronze), _interrupt(BATCH.silver), _interrupt(BATCH.features)],
}


def test_one_run_after_any_commit_leaves_nothing_to_do(lake: DeltaLake, tmp_path: Path) -> None:
    _land(lake, 0, PINS[:2])
    assert _work(tmp_path) == {"bronze", "silver", "gold"}
    _promote(lake)
    assert _work(tmp_path) == set()

    _land(lake, 2, PINS[2:])
    assert _work(tmp_path) == {"bronze"}
    batch_lane.run_bronze(lake)
    assert _work(tmp_path) == {"silver"}
    batch_lane.run_silver(lake, text_policy="unicode")
    assert _work(tmp_path) == {"gold"}
    # A merge that updates rows has a change feed of its own, at whose last file its reader stays.
    _land(lake, 4, PINS[:1])
    _promote(lake)
    assert _work(tmp_path) == set()

    for name, changes in CHANGES.items():
        for change in changes:
            change(lake)
        assert _work(tmp_path) == {"bronze", "silver", "gold"}, name
        _promote(lake)
        assert _work(tmp_path) == set(), name


def _work(folder: Path) -> set[str]:
    """Return the steps that have work."""
    state = StoredLake(folder, url=f"file://{folder}")
    steps = {"bronze": bronze_work, "silver": silver_work, "gold": gold_work}
    return {name for name, find in steps.items() if find_reason(partial(find, state))}


def _promote(lake: DeltaLake) -> None:
    batch_lane.run_bronze(lake)
    batch_lane.run_silver(lake, text_policy="unicode")
    batch_lane.run_gold(lake)


def _land(lake: DeltaLake, first: int, pins: list[str]) -> None:
    landed = [{"unique_id": pin, "category": "art", "follower_count": 1, "downloaded": 1} for pin in pins]
    land(lake, landed, first=first)
