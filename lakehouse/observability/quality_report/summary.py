"""Summary of the report: the overall state, the failing rules, and figures per table and lane."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from lakehouse.observability.quality_report.model import Report, RuleVerdict

State = Literal["failed", "attention", "passed", "unknown"]

_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True)
class TableVerdicts:
    """The rules of a table, worst first."""

    table: str
    verdicts: tuple[RuleVerdict, ...]

    @property
    def failing(self) -> int:
        """The number of failing rules."""
        return sum(not verdict.success for verdict in self.verdicts)

    @property
    def state(self) -> State:
        """The worst state among the rules."""
        states = {classify(verdict) for verdict in self.verdicts}
        return next(state for state in ("failed", "attention", "passed") if state in states)


@dataclass(frozen=True)
class LaneFigures:
    """The figures of one lane.

    Both lanes apply the same rules to the same pins, so their figures are never added up.

    Attributes:
        rules: the number of rules checked.
        failing: the number of failing rules.
        waiting: open records in the lane's quarantine.
    """

    lane: str
    rules: int
    failing: int
    waiting: int


@dataclass(frozen=True)
class ReportSummary:
    """The head of the page.

    Attributes:
        failing: the failing rules, worst first; among equals, the longest failing first.
        lanes: the lanes that have a verdict or a record in quarantine.
    """

    state: State
    headline: str
    failing: tuple[RuleVerdict, ...]
    tables: tuple[TableVerdicts, ...]
    lanes: tuple[LaneFigures, ...]

    @property
    def blocking(self) -> tuple[RuleVerdict, ...]:
        """The failing rules that keep a new version from readers."""
        return tuple(verdict for verdict in self.failing if classify(verdict) == "failed")


def summarise(report: Report) -> ReportSummary:
    """Return the head of the page."""
    failing = tuple(sorted((v for v in report.verdicts if not v.success), key=_worst_first))
    lanes = _by_lane(report)
    waiting = {each.lane: each.waiting for each in lanes if each.waiting}
    state = _state(report, waiting=bool(waiting))
    return ReportSummary(
        state=state,
        headline=_headline(state, failing, waiting=waiting),
        failing=failing,
        tables=_by_table(report),
        lanes=lanes,
    )


def classify(verdict: RuleVerdict) -> State:
    """Return what a verdict means for readers of the table.

    Only a critical rule on the whole table keeps a version from readers. A critical row rule has already
    diverted the bad rows.
    """
    if verdict.success:
        return "passed"
    return "failed" if verdict.severity == "critical" and verdict.kind == "table" else "attention"


def _state(report: Report, *, waiting: bool) -> State:
    if not report.verdicts:
        return "unknown"
    states = {classify(verdict) for verdict in report.verdicts if verdict.severity != "info"}
    if "failed" in states:
        return "failed"
    return "attention" if waiting or "attention" in states else "passed"


def _headline(state: State, failing: tuple[RuleVerdict, ...], *, waiting: Mapping[str, int]) -> str:
    if state == "unknown":
        return "Nothing has been validated yet"
    if state == "failed":
        blocking = [verdict for verdict in failing if classify(verdict) == "failed"]
        tables = sorted({verdict.table for verdict in blocking})
        where = tables[0] if len(tables) == 1 else format_count(len(tables), "table")
        verb = "fails" if len(tables) == 1 else "fail"
        return f"{where} {verb} {format_count(count_rules(blocking), 'critical rule')}"
    if state == "passed":
        return "All critical and warning rules hold"
    if failing:
        failed = count_rules(failing)
        return f"Usable, but {format_count(failed, 'rule')} {'fails' if failed == 1 else 'fail'}"
    where = ", ".join(f"{count:,} in the {lane} lane" for lane, count in waiting.items())
    return f"All rules hold, but records wait in quarantine: {where}"


def count_rules(verdicts: Iterable[RuleVerdict]) -> int:
    """Return the number of rules among the verdicts: a rule may be checked on several tables."""
    return len({verdict.rule for verdict in verdicts})


def format_count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun in the singular or plural."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _by_lane(report: Report) -> tuple[LaneFigures, ...]:
    names = {verdict.lane for verdict in report.verdicts} | {reason.lane for reason in report.reasons}
    return tuple(
        LaneFigures(
            lane=name,
            rules=count_rules(v for v in report.verdicts if v.lane == name),
            failing=count_rules(v for v in report.verdicts if v.lane == name and not v.success),
            waiting=sum(reason.first for reason in report.reasons if reason.lane == name),
        )
        for name in sorted(names)
    )


def _by_table(report: Report) -> tuple[TableVerdicts, ...]:
    ordered = sorted(report.verdicts, key=lambda v: (v.table, v.success, *_worst_first(v)))
    return tuple(TableVerdicts(table, tuple(group)) for table, group in groupby(ordered, lambda v: v.table))


def _worst_first(verdict: RuleVerdict) -> tuple[bool, int, float, str, str]:
    severity = _SEVERITIES.index(verdict.severity) if verdict.severity in _SEVERITIES else len(_SEVERITIES)
    since = verdict.failing_since.timestamp() if verdict.failing_since else 0.0
    return (classify(verdict) != "failed", severity, since, verdict.table, verdict.rule)
