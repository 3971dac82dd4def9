"""The report as one HTML page that loads nothing: styles and plots stand in it, scripts there are none."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lakehouse.observability.quality_report import sparklines as plots
from lakehouse.observability.quality_report.model import Report, RuleVerdict
from lakehouse.observability.quality_report.summary import classify, count_rules, format_count, summarise


def render(report: Report) -> str:
    """Return the page. Whatever came from a record or a suite is escaped."""
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": _moment,
        "share": _share,
        "classify": classify,
        "format_count": format_count,
        "found": _found,
    }
    return environment.get_template("page.html.j2").render(
        report=report,
        summary=summarise(report),
        style=Markup(style),
        # The browser itself refuses whatever is not this very style sheet.
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        trend=lambda verdict: plots.draw_trend(verdict, unit=report.unit),
        days=plots.draw_days,
        count_rules=count_rules,
        age=lambda moment: _age(report.at - moment),
    )


def _moment(value: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), f"{value.day} {value:%b %Y, %H:%M}"
    )


def _age(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    if seconds < 60:
        return "under a minute"
    for size, unit in ((86_400, "day"), (3_600, "hour")):
        if seconds >= 2 * size:
            return format_count(seconds // size, unit)
    return format_count(seconds // 60, "minute")


def _share(verdict: RuleVerdict) -> str:
    """Return what was found, in words."""
    if verdict.unexpected is not None and verdict.evaluated:
        share = verdict.unexpected / verdict.evaluated
        told = "under 0.01%" if 0 < share < 0.0001 else f"{share:.2%}"
        return f"{verdict.unexpected:,} of {format_count(verdict.evaluated, 'row')} ({told})"
    if verdict.observed is not None:
        return f"found {_found(verdict.observed, verdict.unit)}"
    return "no rows to judge" if verdict.evaluated == 0 else "no figure recorded"


def _found(observed: str | float, unit: str) -> str:
    """Return what a rule observed: a number with its unit, anything else as it was recorded."""
    try:
        number = json.loads(observed) if isinstance(observed, str) else observed
    except ValueError:
        return str(observed)
    if not isinstance(number, int | float) or isinstance(number, bool):
        return str(observed)
    if unit == "share":
        return f"{number * 100:.4g}%"
    whole = abs(number) >= 1_000 or float(number).is_integer()
    told = f"{number:,.0f}" if whole else f"{number:.4g}"
    return f"{told} {unit.removesuffix('s') if number == 1 else unit}".rstrip()
