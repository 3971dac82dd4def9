"""Plots: failures stand out without colour, everything stays inside the frame, and text is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from lakehouse.observability.quality_report.model import DailyRows, Point, RuleVerdict
from lakehouse.observability.quality_report.sparklines import draw_days, draw_trend
from tests.reports import CATEGORY, FRESH

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def _point(
    *, failures: int = 0, evaluated: int = 100, unexpected: int = 0, observed: float | None = None
) -> Point:
    return Point(NOON, 2, failures, evaluated, unexpected, observed)


def _rule(points: Sequence[Point]) -> RuleVerdict:
    return replace(CATEGORY, kind="row", trend=tuple(points))


def _measure(points: Sequence[Point]) -> RuleVerdict:
    return replace(FRESH, kind="table", trend=tuple(points))


def _shapes(plot: Markup, tag: str) -> list[dict[str, str]]:
    return [element.attrib for element in ElementTree.fromstring(plot).iter(tag)]


def _label(plot: Markup) -> str:
    root = ElementTree.fromstring(plot)
    assert root.findtext("title") == root.attrib["aria-label"]
    return root.attrib["aria-label"]


def test_a_failed_period_is_a_tall_bar_and_a_good_one_a_tick() -> None:
    points = [_point(), _point(failures=1, unexpected=50), _point(failures=2, unexpected=100)]

    good, half, worst = _shapes(draw_trend(_rule(points), unit="day"), "rect")

    assert [shape["class"] for shape in (good, half, worst)] == ["good", "bad", "bad"]
    assert [float(shape["height"]) for shape in (good, half, worst)] == [4.0, 17.0, 34.0]


def test_one_bad_row_in_a_million_is_visible() -> None:
    points = [_point(failures=1, unexpected=100), _point(failures=1, evaluated=1_000_000, unexpected=1)]

    assert float(_shapes(draw_trend(_rule(points), unit="day"), "rect")[1]["height"]) == 10.0


def test_a_failure_without_rows_counts_as_a_whole() -> None:
    (bar,) = _shapes(draw_trend(_rule([_point(failures=1, evaluated=0)]), unit="day"), "rect")

    assert float(bar["height"]) == 34.0


def test_observed_numbers_are_a_line_with_a_large_dot_for_a_failure() -> None:
    points = [_point(observed=1.0), _point(observed=3.0, failures=1), _point(observed=2.0)]

    plot = draw_trend(_measure(points), unit="hour")

    assert [(dot["class"], dot["cy"], dot["r"]) for dot in _shapes(plot, "circle")] == [
        ("good", "30.0", "1.5"),
        ("bad", "6.0", "3.5"),
        ("good", "18.0", "1.5"),
    ]
    (line,) = _shapes(plot, "polyline")
    assert line["points"].split()[-1] == "177.0,18.0"


def test_a_number_that_never_changes_is_in_the_middle() -> None:
    dots = _shapes(draw_trend(_measure([_point(observed=7.0)] * 3), unit="day"), "circle")

    assert {dot["cy"] for dot in dots} == {"18.0"}


@pytest.mark.parametrize(
    "points",
    [[_point(observed=1.0)], [_point(observed=1.0), _point()]],
    ids=["one point", "a gap"],
)
def test_without_a_number_in_every_period_there_are_bars(points: list[Point]) -> None:
    plot = draw_trend(_measure(points), unit="day")

    assert (len(_shapes(plot, "rect")), _shapes(plot, "polyline")) == (len(points), [])


def test_only_the_newest_thirty_periods_are_drawn_up_to_the_right_edge() -> None:
    bars = _shapes(
        draw_trend(_rule([_point(failures=1, unexpected=1), *[_point()] * 30]), unit="day"), "rect"
    )

    assert len(bars) == 30
    assert {bar["class"] for bar in bars} == {"good"}
    assert (bars[0]["x"], bars[-1]["x"]) == ("0.0", "174.0")


@pytest.mark.parametrize(
    ("points", "label"),
    [
        ([], "No trend yet"),
        ([_point(), _point()], "Failed in 0 of 2 days"),
        (
            [_point(failures=1, unexpected=1), _point(failures=1, unexpected=12)],
            "Failed in 2 of 2 days, worst 12.00% at 2026-01-31 12:00",
        ),
        ([_point(failures=1, evaluated=0)], "Failed in 1 of 1 days"),
    ],
    ids=["none", "good", "bad", "no rows"],
)
def test_a_trend_has_a_label_for_those_who_do_not_see_it(points: list[Point], label: str) -> None:
    assert _label(draw_trend(_rule(points), unit="day")) == label


def test_days_are_bars_and_an_empty_day_is_hollow() -> None:
    first = date(2026, 1, 30)
    figures = [DailyRows(first, 0), DailyRows(first + timedelta(days=1), 1_234)]

    plot = draw_days(figures)

    assert [(bar["class"], bar["height"], bar["width"]) for bar in _shapes(plot, "rect")] == [
        ("none", "2.0", "88.0"),
        ("rows", "34.0", "88.0"),
    ]
    assert _label(plot) == ("Rows per day, 2026-01-30 to 2026-01-31: at most 1,234, none on 1 of 2 days")


def test_without_days_there_are_no_bars() -> None:
    plot = draw_days([])

    assert (_shapes(plot, "rect"), _label(plot)) == ([], "Rows per day, at most 0, none on 0 of 0 days")


def test_a_value_that_is_not_a_number_is_not_a_point_of_a_line() -> None:
    points = [_point(observed=1.0), _point(observed=math.nan), _point(observed=3.0)]

    assert len(_shapes(draw_trend(_measure(points), unit="day"), "rect")) == 3


@given(st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=20))
def test_text_in_a_label_is_escaped(unit: str) -> None:
    assert _label(draw_trend(_rule([_point()]), unit=unit)) == f"Failed in 0 of 1 {unit}s"


POINTS = st.builds(
    _point,
    failures=st.integers(0, 2),
    evaluated=st.integers(0, 10**9),
    unexpected=st.integers(0, 10**9),
    observed=st.none() | st.floats(),
)


@given(st.lists(POINTS, max_size=40), st.sampled_from([_rule, _measure]))
def test_every_shape_is_inside_the_frame(points: list[Point], verdict: object) -> None:
    assert callable(verdict)
    plot = draw_trend(verdict(points), unit="day")

    for bar in _shapes(plot, "rect"):
        assert 0 <= float(bar["y"]) <= 36
        assert 0 <= float(bar["x"]) <= 180
    for dot in _shapes(plot, "circle"):
        assert math.isfinite(float(dot["cy"]))
        assert 6 <= float(dot["cy"]) <= 30
