"""The values of the quality report, without Spark or HTML. All times are UTC.

`pinlake quality report --json` prints the attributes under these names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Unit = Literal["minute", "hour", "day"]


@dataclass(frozen=True)
class RuleText:
    """The texts of a rule in its suite.

    Attributes:
        sentence: what the rule demands.
        unit: the unit of the number it measures, such as hours; "share" (0 to 1) is shown as percent; ""
            for none.
    """

    sentence: str
    unit: str = ""


@dataclass(frozen=True)
class Point:
    """The validations of a rule in one minute, hour or day.

    Attributes:
        at: the beginning of the period.
        runs: validations in the period.
        failures: validations that failed.
        evaluated: rows checked, over all validations.
        unexpected: rows that broke the rule, over all validations.
        observed: the value of the last validation; None if it is not a number.
    """

    at: datetime
    runs: int
    failures: int
    evaluated: int
    unexpected: int
    observed: float | None


@dataclass(frozen=True)
class RuleVerdict:
    """The latest result of a rule on a table, and its history.

    Attributes:
        unit: the unit of `observed`: see `RuleText`.
        kind: "row" for a rule of the gate, which diverts rows; "table" for a rule on the whole table.
        version: the Delta version that was checked; None for a gate.
        failing_since: the first of the uninterrupted failures up to now; None if the rule holds.
        last_success: the newest success within the report's span.
        trend: oldest first, without periods that have no validation.
    """

    lane: str
    table: str
    rule: str
    sentence: str
    unit: str
    severity: str
    kind: str
    success: bool
    evaluated: int | None
    unexpected: int | None
    observed: str | None
    version: int | None
    at: datetime
    failing_since: datetime | None
    last_success: datetime | None
    trend: tuple[Point, ...]


@dataclass(frozen=True)
class Example:
    """One record in quarantine.

    Attributes:
        id: the id to give to `pinlake quarantine show`.
        observed: the value that broke the rule.
        value: the beginning of the record, as text.
    """

    id: str
    event_id: str | None
    topic: str
    partition: int
    offset: int
    quarantined_at: datetime
    observed: str | None
    value: str


@dataclass(frozen=True)
class Reason:
    """The records that one rule sent to a lane's quarantine.

    Attributes:
        open: records that have not been replayed or dropped yet.
        first: the open records that name this rule first. Their sum over all rules is the number of open
            records of the lane.
        replayed: records that passed the gate later.
        dropped: records that were dropped.
        oldest_open: when the oldest open record was refused.
        newest: when the newest record was refused, in whatever state it is now.
        examples: a few of the open records, newest first.
    """

    lane: str
    layer: str
    rule: str
    sentence: str
    open: int
    first: int
    replayed: int
    dropped: int
    oldest_open: datetime | None
    newest: datetime
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class DailyRows:
    """The rows whose event is on one day."""

    day: date
    rows: int


@dataclass(frozen=True)
class Volume:
    """The size and freshness of a table.

    Attributes:
        newest: the time of the newest event; None for an empty table.
        version: the published version, if these figures are of one; None if they are of the newest version.
        days: rows by the day of their event, oldest first, one entry per day of the last two weeks.
    """

    table: str
    rows: int
    newest: datetime | None
    version: int | None
    days: tuple[DailyRows, ...]


@dataclass(frozen=True)
class Report:
    """Everything on the page.

    Attributes:
        at: when the values were collected; ages on the page are relative to it.
        unit: the period of one point of a trend.
        span_days: how many days of results are included.
    """

    at: datetime
    unit: Unit
    span_days: int
    verdicts: tuple[RuleVerdict, ...]
    reasons: tuple[Reason, ...]
    volumes: tuple[Volume, ...]
