"""The report in a few words: is all well, and if not, what is wrong."""

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
    """A table's rules, the worst first."""

    table: str
    verdicts: tuple[RuleVerdict, ...]

    @property
    def failing(self) -> int:
        """How many of them fail."""
        return sum(not verdict.success for verdict in self.verdicts)

    @property
    def state(self) -> State:
        """The worst of their states."""
        states = {classify(verdict) for verdict in self.verdicts}
        return next(state for state in ("failed", "attention", "passed") if state in states)


@dataclass(frozen=True)
class LaneFigures:
    """One lane in numbers. Both lanes take the same pins through the same rules, so none is a sum of both.

    Attributes:
        rules: how many were judged.
        failing: how many of them fail.
        waiting: records in its quarantine that wait for somebody.
    """

    lane: str
    rules: int
    failing: int
    waiting: int


@dataclass(frozen=True)
class ReportSummary:
    """The head of the page.

    Attributes:
        failing: the rules that fail, the worst first, those that have failed longest first among equals.
        lanes: those that have a verdict or a record in quarantine.
    """

    state: State
    headline: str
    failing: tuple[RuleVerdict, ...]
    tables: tuple[TableVerdicts, ...]
    lanes: tuple[LaneFigures, ...]

    @property
    def blocking(self) -> tuple[RuleVerdict, ...]:
        """Those of the failing that keep a version from its readers."""
        return tuple(verdict for verdict in self.failing if classify(verdict) == "failed")


def summarise(report: Report) -> ReportSummary:
    """Return the page's head."""
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
    """Return what a verdict means to a reader of its table.

    Only a critical rule of the whole table keeps a version from its readers; a critical row rule has done
    its work when it has diverted rows.
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
        return "Every rule that matters holds"
    if failing:
        return f"Usable, but {format_count(count_rules(failing), 'rule')} found something"
    where = ", ".join(f"{count:,} in the {lane} lane's" for lane, count in waiting.items())
    return f"Every rule holds; records wait in quarantine: {where}"


def count_rules(verdicts: Iterable[RuleVerdict]) -> int:
    """Return of how many rules verdicts are: each may be judged on several tables."""
    return len({verdict.rule for verdict in verdicts})


def format_count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun."""
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
