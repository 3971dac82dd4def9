"""A rebuild is previewed without a write, and reported before the first write when it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.rebuild import run
from lakehouse.operations.rebuild.changes import TableChanges
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.run import RebuildRequest, RebuildSummary
from lakehouse.pipelines import batch

NO_CHANGES = TableChanges("silver.pins_batch", 0, 0, 0, {}, ())
EMPTY = RebuildSummary(judged=9, refused=0, released=0, tables=(NO_CHANGES,))
REQUEST = RebuildRequest(DateRange(date(2026, 1, 30), date(2026, 1, 31)), "ascii", examples=3)
LAKE = cast("DeltaLake", object())


@pytest.mark.parametrize(
    "summary",
    [
        replace(EMPTY, refused=1),
        replace(EMPTY, released=1),
        replace(EMPTY, tables=(NO_CHANGES, replace(NO_CHANGES, added=1))),
        replace(EMPTY, tables=(replace(NO_CHANGES, changed=1),)),
        replace(EMPTY, tables=(replace(NO_CHANGES, removed=1),)),
    ],
    ids=["refused", "released", "added", "changed", "removed"],
)
def test_one_change_of_any_kind_is_a_change(summary: RebuildSummary) -> None:
    assert not summary.is_empty
    assert EMPTY.is_empty


def test_the_json_keys_are_a_contract() -> None:
    assert replace(EMPTY, refused=1, released=2).as_data() == {
        "judged": 9,
        "refused": 1,
        "let_through": 2,
        "tables": [
            {
                "table": "silver.pins_batch",
                "added": 0,
                "changed": 0,
                "removed": 0,
                "columns": {},
                "examples": (),
            }
        ],
    }


def _rows(count: int) -> SimpleNamespace:
    return SimpleNamespace(count=lambda: count)


SILVER = SimpleNamespace(
    judged=SimpleNamespace(counts=SimpleNamespace(read=9)),
    refusals=_rows(1), released=_rows(2), changes="changes of silver",
)  # fmt: skip
GOLD = SimpleNamespace(refusals=_rows(10), released=_rows(20), features="features", daily="daily")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a rebuild does, in order."""
    happened: list[str] = []

    class Recomputation:
        def recompute_silver(self, *, text_policy: str) -> SimpleNamespace:
            happened.append(f"silver, {text_policy}")
            return SILVER

        def recompute_gold(self, silver: SimpleNamespace) -> SimpleNamespace:
            assert silver is SILVER
            happened.append("gold")
            return GOLD

    class Publication:
        def __init__(self, *_: object, silver: SimpleNamespace, stats: object) -> None:
            assert silver is SILVER

        def list_steps(self) -> tuple[Callable[[], None], ...]:
            return (lambda: happened.append("first write"), lambda: happened.append("second write"))

    @contextmanager
    def open_recomputation(_: DeltaLake, days: DateRange) -> Iterator[Recomputation]:
        assert days == REQUEST.days
        yield Recomputation()
        happened.append("closed")

    def summarise(rows: str, table: Table, *, examples: int) -> TableChanges:
        return replace(NO_CHANGES, table=f"{table.full_name}: {rows}, {examples}")

    def write_silver(*_: object, **__: Any) -> None:  # noqa: ANN401 - as the step's options
        happened.append("promotion")

    monkeypatch.setattr(run, "open_recomputation", open_recomputation)
    monkeypatch.setattr(run, "Publication", Publication)
    monkeypatch.setattr(run, "summarise", summarise)
    monkeypatch.setattr(batch, "write_silver", write_silver)
    return happened


def test_a_preview_adds_up_both_layers_and_writes_nothing(steps: list[str]) -> None:
    summary = run.preview(LAKE, REQUEST)

    assert (summary.judged, summary.refused, summary.released) == (9, 11, 22)
    assert [changes.table for changes in summary.tables] == [
        "silver.pins_batch: changes of silver, 3",
        "gold.pin_features_batch: features, 3",
        "gold.category_daily: daily, 3",
    ]
    assert steps == ["silver, ascii", "gold", "closed"]


def test_new_rows_are_promoted_first_and_the_report_comes_before_the_writes(steps: list[str]) -> None:
    run.publish(LAKE, REQUEST, report=lambda summary: steps.append(f"report of {summary.refused}"))

    assert steps == [
        "promotion", "silver, ascii", "gold", "report of 11", "first write", "second write", "closed",
    ]  # fmt: skip
