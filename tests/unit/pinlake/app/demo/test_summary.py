"""The result of the demonstration: every figure that differs from what was posted has a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pinlake.app.demo.scenario import NewestEvent, Posted
from pinlake.app.demo.summary import DemoSummary
from pinlake.app.demo.verification import Rows, ServedRows

TABLES = ["bronze.pins_batch", "quarantine.pins_batch", "silver.pins_batch", "gold.pin_features_batch"]
TABLES += ["silver.pins_stream", "silver.pins_stream_latest", "gold.pin_features_stream"]
MALFORMED = {"value.missing": 2, "unique_id.missing": 1}
# Three accepted events of two pins, and three malformed records; the tables have older rows too.
COUNTS = dict(zip(TABLES, (6, 3, 2, 2, 3, 2, 3), strict=True))
GOOD = DemoSummary(
    posted=Posted(3, 1, [NewestEvent("a", "1", 500), NewestEvent("b", "2", None)], ["0", "1", "2"]),
    malformed=MALFORMED,
    rows=[Rows(table, count + 10, count) for table, count in COUNTS.items()],
    daily_pins=12,
    reasons={"batch": MALFORMED, "stream": dict(reversed(MALFORMED.items()))},
    lanes_differ=0,
    served=ServedRows(15, 2, []),
    report="/report.html",
    seconds={"start": 1.23456},
)


def test_figures_that_agree_have_no_sentence() -> None:
    assert GOOD.disagreements() == []


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_table_with_another_number_of_rows_is_named(table: str, difference: int) -> None:
    rows = [
        replace(row, of_this_run=row.of_this_run + difference) if row.table == table else row
        for row in GOOD.rows
    ]

    assert replace(GOOD, rows=rows).disagreements() == [
        f"{table} has {COUNTS[table] + difference} of the {COUNTS[table]} rows expected"
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"reasons": {"batch": MALFORMED, "stream": {"value.missing": 3}}},
            f"the quarantine of the stream lane has {{'value.missing': 3}}, expected {MALFORMED}",
        ),
        ({"reasons": {"batch": {}}}, f"the quarantine of the batch lane has {{}}, expected {MALFORMED}"),
        ({"served": ServedRows(15, 1, [])}, "Postgres has 1 of the 2 pins expected"),
        (
            {"daily_pins": 11},
            "gold.category_daily counts 11 pins, but silver.pins_batch has another number",
        ),
        ({"lanes_differ": 2}, "2 pins differ between the lanes"),
    ],
)
def test_any_other_figure_that_differs_is_named(changes: dict[str, Any], sentence: str) -> None:
    assert replace(GOOD, **changes).disagreements() == [sentence]


def test_the_data_has_totals_rounded_times_and_the_disagreements() -> None:
    data = replace(GOOD, lanes_differ=2).as_data()

    assert (data["posted"], data["accepted"], data["rejected"], data["malformed"]) == (4, 3, 1, 3)
    assert data["rows"]["silver.pins_batch"] == {"table": "silver.pins_batch", "total": 12, "of_this_run": 2}
    assert (data["postgres_rows"], data["postgres_rows_in_all"]) == (2, 15)
    assert data["seconds"] == {"start": 1.23}
    assert data["disagreements"] == ["2 pins differ between the lanes"]
