"""The report as one HTML page that loads nothing: styles and plots are inline, and it has no script."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lakehouse.observability.quality_report import sparklines
from lakehouse.observability.quality_report.model import Report, RuleVerdict
from lakehouse.observability.quality_report.summary import classify, count_rules, format_count, summarise


def render(report: Report) -> str:
    """Return the page. Text from records and suites is escaped."""
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "classify": classify,
        "format_count": format_count,
        "format_observed": _format_observed,
        "format_result": _format_result,
        "format_time": _format_time,
    }
    return environment.get_template("page.html.j2").render(
        report=report,
        summary=summarise(report),
        style=Markup(style),
        # With the hash in its policy, the browser applies no other style sheet.
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        trend=lambda verdict: sparklines.draw_trend(verdict, unit=report.unit),
        days=sparklines.draw_days,
        count_rules=count_rules,
        age=lambda time: _format_age(report.at - time),
    )


def _format_time(value: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), f"{value.day} {value:%b %Y, %H:%M}"
    )


def _format_age(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    if seconds < 60:
        return "under a minute"
    for size, unit in ((86_400, "day"), (3_600, "hour")):
        if seconds >= 2 * size:
            return format_count(seconds // size, unit)
    return format_count(seconds // 60, "minute")


def _format_result(verdict: RuleVerdict) -> str:
    """Return the figures of a result in words."""
    if verdict.unexpected is not None and verdict.evaluated:
        share = verdict.unexpected / verdict.evaluated
        percent = "under 0.01%" if 0 < share < 0.0001 else f"{share:.2%}"
        return f"{verdict.unexpected:,} of {format_count(verdict.evaluated, 'row')} ({percent})"
    if verdict.observed is not None:
        return f"observed {_format_observed(verdict.observed, verdict.unit)}"
    return "no rows to check" if verdict.evaluated == 0 else "no figure recorded"


def _format_observed(observed: str | float, unit: str) -> str:
    """Return what a rule observed: a number with its unit, any other value as it was recorded."""
    try:
        number = json.loads(observed) if isinstance(observed, str) else observed
    except ValueError:
        return str(observed)
    if not isinstance(number, int | float) or isinstance(number, bool):
        return str(observed)
    if unit == "share":
        return f"{number * 100:.4g}%"
    whole = abs(number) >= 1_000 or float(number).is_integer()
    digits = f"{number:,.0f}" if whole else f"{number:.4g}"
    return f"{digits} {unit.removesuffix('s') if number == 1 else unit}".rstrip()
