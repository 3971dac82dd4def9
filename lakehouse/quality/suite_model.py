"""The model of a suite: its name, its rules, and which of them the gate and an audit apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lakehouse.catalog.tables import LaneName

Severity = Literal["critical", "warning", "info"]
Kind = Literal["row", "table"]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: stable and unique, such as silver.follower_count.plausible.
        severity: critical quarantines a row or keeps a version unpublished; the others are only counted.
        sentence: what the rule requires, in plain English.
        columns: the columns it reads.
        kind: row if it is evaluated on each row, table if on the table as a whole.
        expectation: its Great Expectations configuration, as JSON; empty for parsing rules.
        file: the file that defines it; empty for parsing rules.
        lane: the lane whose tables it is for; None for the tables of both.
    """

    id: str
    severity: Severity
    sentence: str
    columns: tuple[str, ...]
    kind: Kind = "row"
    expectation: str = ""
    file: str = ""
    lane: LaneName | None = None


@dataclass(frozen=True)
class Suite:
    """The rules of one file in expectations/, or those of them that are for one lane.

    Attributes:
        name: the file's name without .json.
        rules: in the order of the file.
        fingerprint: SHA-256 of the file's canonical JSON, hexadecimal.
    """

    name: str
    rules: tuple[Rule, ...]
    fingerprint: str

    @property
    def row_rules(self) -> tuple[Rule, ...]:
        """The rules that the gate applies."""
        return tuple(rule for rule in self.rules if rule.kind == "row")

    @property
    def table_rules(self) -> tuple[Rule, ...]:
        """The rules that an audit applies."""
        return tuple(rule for rule in self.rules if rule.kind == "table")
