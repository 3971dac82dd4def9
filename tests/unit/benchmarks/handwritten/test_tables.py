"""The tables of the hand-written pipeline, on the local disk: merges, appends and daily figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from benchmarks.handwritten.tables import DeltaTables
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM

MORNING = datetime(2026, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def tables(tmp_path: Path) -> DeltaTables:
    return DeltaTables(str(tmp_path), {})


def _features(*events: tuple[str, str, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(pin, "art", count, 1, event, MORNING) for pin, event, count in events],
        schema=pl.Schema(
            {
                "unique_id": pl.String(),
                "category": pl.String(),
                "follower_count": pl.Int32(),
                "downloaded": pl.Int32(),
                "event_id": pl.String(),
                "event_time": pl.Datetime("us", "UTC"),
            }
        ),
        orient="row",
    )


def test_a_merge_adds_new_pins_and_replaces_older_events(tables: DeltaTables) -> None:
    tables.ensure(BATCH.features)
    tables.merge_newest(_features(("a", "3", 1), ("b", "3", 1)), BATCH.features)
    tables.merge_newest(_features(("a", "2", 2), ("b", "4", 2), ("c", "1", 2)), BATCH.features)
    tables.merge_newest(_features(("b", "4", 3)), BATCH.features)
    rows = tables.scan(BATCH.features).sort("unique_id").collect()
    assert rows.select("unique_id", "event_id", "follower_count").rows() == [
        ("a", "3", 1),
        ("b", "4", 2),
        ("c", "1", 2),
    ]


def test_an_event_is_appended_once(tables: DeltaTables) -> None:
    tables.ensure(STREAM.features)
    tables.append_new_events(_features(("a", "1", 1), ("b", "1", 1)), STREAM.features)
    tables.append_new_events(_features(("a", "1", 2), ("a", "2", 2)), STREAM.features)
    tables.append_new_events(_features().clear(), STREAM.features)
    rows = tables.scan(STREAM.features).sort("unique_id", "event_id").collect()
    assert rows.select("unique_id", "event_id", "follower_count").rows() == [
        ("a", "1", 1),
        ("a", "2", 2),
        ("b", "1", 1),
    ]


def test_the_figures_of_a_day_are_replaced(tables: DeltaTables) -> None:
    silver = replace(BATCH.silver, suite=BATCH.features.suite)
    tables.ensure(silver, CATEGORY_DAILY)
    tables.merge_newest(_features(("a", "1", 1), ("b", "1", 4), ("c", "1", None)), silver)
    for _ in range(2):
        tables.replace_category_daily([date(2026, 1, 2)])
    assert tables.scan(CATEGORY_DAILY).collect().rows() == [(date(2026, 1, 2), "art", 3, 3, 2.5, 4)]
