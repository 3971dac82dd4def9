"""A quality report with an example of every kind of value, including hostile text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lakehouse.observability.quality_report.model import (
    DailyRows,
    Example,
    Point,
    Reason,
    Report,
    RuleVerdict,
    Volume,
)

NOW = datetime(2026, 1, 31, 7, 30, tzinfo=UTC)
HOSTILE = '<script src="https://evil.example/x.js"></script><img src=x onerror=alert(1)>"\'{{ 7*7 }}'


def _trend(failed_days: int, *, observed: float | None = None, unexpected: int = 12) -> tuple[Point, ...]:
    begin = NOW.replace(hour=0, minute=0) - timedelta(days=27)
    return tuple(
        Point(
            at=begin + timedelta(days=day),
            runs=2,
            failures=int(day >= 28 - failed_days),
            evaluated=4_000 + 37 * day,
            unexpected=unexpected + day if day >= 28 - failed_days else 0,
            observed=None if observed is None else observed * (1 + (day * 7 % 5) / 40),
        )
        for day in range(28)
    )


def _verdict(table: str, rule: str, sentence: str, **fields: object) -> RuleVerdict:
    values: dict[str, object] = {
        "lane": "stream" if table.endswith("_stream") else "batch",
        "unit": "",
        "severity": "critical",
        "kind": "row",
        "success": True,
        "evaluated": 5_012,
        "unexpected": 0,
        "observed": None,
        "version": None,
        "at": NOW - timedelta(minutes=21),
        "failing_since": None,
        "last_success": NOW - timedelta(minutes=21),
        "trend": _trend(0),
    }
    return RuleVerdict(table=table, rule=rule, sentence=sentence, **(values | fields))  # type: ignore[arg-type]


def _fails(days: int) -> dict[str, object]:
    return {
        "success": False,
        "failing_since": NOW - timedelta(days=days),
        "last_success": NOW - timedelta(days=days + 1),
    }


FRESH = _verdict(
    "silver.pins_batch",
    "silver.table.fresh",
    "The newest event of the table is less than a day old",
    kind="table",
    unexpected=None,
    observed="31.5",
    unit="hours",
    version=14,
    **_fails(2),
    trend=_trend(2, observed=22.0, unexpected=0),
)
FOLLOWERS = _verdict(
    "silver.pins_stream",
    "silver.follower_count.plausible",
    "A poster has at most two billion followers",
    **_fails(5),
    unexpected=31,
    trend=_trend(5),
)
CATEGORY = _verdict(
    "silver.pins_batch",
    "silver.category.known",
    f"A pin has one of the known categories {HOSTILE}",
    severity="warning",
    success=False,
    failing_since=NOW - timedelta(days=28),
    last_success=None,
    unexpected=1_204,
    trend=_trend(28),
)
REFUSED = _verdict(
    "silver.pins_batch",
    "silver.quarantined_share.low",
    "At most 1 % of what came was refused",
    severity="warning",
    kind="table",
    success=False,
    failing_since=NOW - timedelta(minutes=21),
    last_success=None,
    evaluated=0,
    unexpected=None,
    observed="0.010555555555555556",
    unit="share",
    version=14,
    trend=(Point(NOW - timedelta(minutes=21), 1, 1, 0, 0, 0.010555555555555556),),
)
HOLDING = tuple(
    _verdict(table, f"silver.{name}", sentence, severity=severity)
    for table in ("silver.pins_batch", "silver.pins_stream", "gold.pin_features_batch")
    for name, sentence, severity in (
        ("unique_id.present", "Every pin has an id", "critical"),
        ("title.short", "A title has at most 500 characters", "info"),
        ("downloaded.flag", "Downloaded is 0 or 1", "critical"),
    )
)
EXAMPLE = Example(
    id="0b5e2f9c41aa47d6",
    event_id="019a1f5e-7c00-7abc-8def-0123456789ab",
    topic="pinterest_streaming",
    partition=1,
    offset=40_211,
    quarantined_at=NOW - timedelta(hours=3),
    observed="9,999,999,999",
    value='{"unique_id": "fbe53c66-3442-4773-b19e-d3ec6f54dddf", "title": "' + HOSTILE + '"}',
)
REASONS = (
    Reason(
        lane="stream",
        layer="silver",
        rule="silver.follower_count.plausible",
        sentence="A poster has at most two billion followers",
        open=31,
        first=30,
        replayed=4,
        dropped=2,
        oldest_open=NOW - timedelta(days=5),
        newest=NOW - timedelta(hours=3),
        examples=(EXAMPLE,),
    ),
    Reason(
        lane="batch",
        layer="silver",
        rule="value.not_one_json_object",
        sentence="The value is one JSON object",
        open=0,
        first=0,
        replayed=6,
        dropped=1,
        oldest_open=None,
        newest=NOW - timedelta(days=9),
        examples=(),
    ),
)


def _volume(table: str, rows: int, age: timedelta, *, quiet: int = 0, version: int | None = None) -> Volume:
    today = NOW.date()
    days = tuple(
        DailyRows(today - timedelta(days=13 - n), 0 if n >= 14 - quiet else rows // 40 * (3 + n * 5 % 4) // 4)
        for n in range(14)
    )
    return Volume(table, rows, NOW - age, version, days)


VOLUMES = (
    _volume("bronze.pins_batch", 181_220, timedelta(hours=31), quiet=1),
    _volume("silver.pins_batch", 152_903, timedelta(hours=31), quiet=1, version=13),
    _volume("bronze.pins_stream", 181_904, timedelta(minutes=2)),
    _volume("silver.pins_stream", 153_388, timedelta(minutes=2)),
    Volume(
        "gold.category_daily",
        0,
        None,
        None,
        tuple(DailyRows(NOW.date() - timedelta(days=13 - n), 0) for n in range(14)),
    ),
)

FULL = Report(
    at=NOW,
    unit="day",
    span_days=30,
    verdicts=(FOLLOWERS, CATEGORY, FRESH, REFUSED, *HOLDING),
    reasons=REASONS,
    volumes=VOLUMES,
)
EMPTY = Report(at=NOW, unit="day", span_days=30, verdicts=(), reasons=(), volumes=())
