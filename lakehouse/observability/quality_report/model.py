"""What the quality report tells, as plain values: no Spark, no HTML. All times are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Unit = Literal["minute", "hour", "day"]


@dataclass(frozen=True)
class RuleText:
    """What a suite says of a rule.

    Attributes:
        sentence: what it demands.
        unit: of the number it observes, such as hours; "share" of 0 to 1 is shown as percent; "" without one.
    """

    sentence: str
    unit: str = ""


@dataclass(frozen=True)
class Point:
    """What a rule's validations found in one minute, hour or day.

    Attributes:
        at: when it began.
        runs: validations in it.
        failures: how many of them failed.
        evaluated: rows judged in all of them.
        unexpected: rows that broke the rule in all of them.
        observed: what the last one found, where that is a number.
    """

    at: datetime
    runs: int
    failures: int
    evaluated: int
    unexpected: int
    observed: float | None


@dataclass(frozen=True)
class RuleVerdict:
    """A rule's newest verdict on a table, and how it came there.

    Attributes:
        unit: of what was observed: see `RuleText`.
        kind: "row" is the gate's, which diverts rows; "table" judges the table as a whole.
        version: the Delta version judged; None for a gate.
        failing_since: the first of the failures that have gone on until now; None if the rule holds.
        last_success: the newest success within the report's span.
        trend: oldest first, periods without a validation left out.
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
        id: by which `pinlake quarantine show` finds it.
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
    """The records that one rule put into a lane's quarantine.

    Attributes:
        open: records that wait for somebody.
        first: those of them that have no reason before this one: they add up to the records of a lane.
        replayed: records that went through the gate later.
        dropped: records that were given up.
        oldest_open: when the one that waits longest was refused.
        newest: when the last one was refused, whatever became of it.
        examples: a few of the open ones, newest first.
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
    """Rows whose event is of one day."""

    day: date
    rows: int


@dataclass(frozen=True)
class Volume:
    """How much a table holds and how fresh it is.

    Attributes:
        newest: the newest event's time; None for an empty table.
        version: the published version, which readers see and this tells of; None: the newest version.
        days: rows by the day of their event, oldest first, one entry for every day of the last two weeks.
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
        at: when it was gathered; ages on the page are told as of then.
        unit: what one point of a trend stands for.
        span_days: how far back verdicts and trends are looked for.
    """

    at: datetime
    unit: Unit
    span_days: int
    verdicts: tuple[RuleVerdict, ...]
    reasons: tuple[Reason, ...]
    volumes: tuple[Volume, ...]
