"""Small plots as inline SVG. The page's style sheet sets the colours by class."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from lakehouse.observability.quality_report.model import DailyRows, Point, RuleVerdict

_WIDTH, _HEIGHT, _SLOTS = 180, 36, 30
_STEP = _WIDTH / _SLOTS
_TICK = 4.0


def draw_trend(verdict: RuleVerdict, *, unit: str) -> Markup:
    """Return the trend of a rule: the observed number as a line, or the share of bad rows as bars.

    A failed period is a tall bar or a large dot, a good one a short tick or a small dot, so that the plot
    can be read without colour.
    """
    points = verdict.trend[-_SLOTS:]
    observed = [
        point.observed for point in points if point.observed is not None and math.isfinite(point.observed)
    ]
    is_line = verdict.kind == "table" and len(observed) == len(points) > 1
    shapes = _line(points, observed) if is_line else _bars(points)
    return _svg(shapes, label=_describe(points, unit=unit), name="trend")


def draw_days(figures: Sequence[DailyRows]) -> Markup:
    """Return rows per day as bars; a day without rows is a hollow tick."""
    most = max((figure.rows for figure in figures), default=0)
    step = _WIDTH / max(len(figures), 1)
    bars = Markup().join(
        _bar(
            number * step, _height(figure.rows, most), width=step - 2, name="rows" if figure.rows else "none"
        )
        for number, figure in enumerate(figures)
    )
    span = f"{figures[0].day} to {figures[-1].day}: " if figures else ""
    empty = sum(not figure.rows for figure in figures)
    label = f"Rows per day, {span}at most {most:,}, none on {empty} of {len(figures)} days"
    return _svg(bars, label=label, name="days")


def _bars(points: Sequence[Point]) -> Markup:
    worst = max((_share(point) for point in points), default=0.0)
    first = _SLOTS - len(points)
    return Markup().join(
        _bar(
            (first + number) * _STEP,
            # Even one bad row in a million must be visible.
            max(_height(_share(point), worst), 10.0) if point.failures else _TICK,
            width=_STEP - 2,
            name="bad" if point.failures else "good",
        )
        for number, point in enumerate(points)
    )


def _line(points: Sequence[Point], observed: Sequence[float]) -> Markup:
    low, span = min(observed), max(observed) - min(observed)
    is_scalable = 0 < span < math.inf
    first = _SLOTS - len(points)
    coordinates = [
        ((first + number + 0.5) * _STEP, 30 - 24 * ((value - low) / span if is_scalable else 0.5))
        for number, value in enumerate(observed)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in coordinates)
    marks = Markup().join(
        Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(
            "bad" if point.failures else "good", f"{x:.1f}", f"{y:.1f}", 3.5 if point.failures else 1.5
        )
        for point, (x, y) in zip(points, coordinates, strict=True)
    )
    return Markup('<polyline points="{}"/>').format(path) + marks


def _share(point: Point) -> float:
    return point.unexpected / point.evaluated if point.evaluated else float(point.failures > 0)


def _height(value: float, most: float) -> float:
    return max(_TICK, (_HEIGHT - 2) * value / most) if value and most else 2.0


def _bar(x: float, height: float, *, width: float, name: str) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1"/>').format(
        name, f"{x:.1f}", f"{_HEIGHT - height:.1f}", f"{width:.1f}", f"{height:.1f}"
    )


def _describe(points: Sequence[Point], *, unit: str) -> str:
    if not points:
        return "No trend yet"
    failed = sum(point.failures > 0 for point in points)
    worst = max(points, key=_share)
    share = f", worst {_share(worst):.2%} at {worst.at:%Y-%m-%d %H:%M}" if worst.unexpected else ""
    return f"Failed in {failed} of {len(points)} {unit}s{share}"


def _svg(shapes: Markup, *, label: str, name: str) -> Markup:
    return Markup(
        '<svg class="plot {}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(name, _WIDTH, _HEIGHT, label, escape(label), shapes)
