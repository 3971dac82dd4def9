"""A rule and a suite of rules, as the lanes use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning", "info"]
Kind = Literal["row", "table"]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: stable and unique, such as silver.follower_count.plausible.
        severity: critical diverts a row, or keeps a version from its readers; the others are counted.
        sentence: what it demands, for people.
        columns: the columns it looks at.
        kind: whether it judges each row, or the table as a whole.
        expectation: Great Expectations' configuration, as JSON; empty for the rules of parsing.
        file: where it stands.
    """

    id: str
    severity: Severity
    sentence: str
    columns: tuple[str, ...]
    kind: Kind = "row"
    expectation: str = ""
    file: str = ""


@dataclass(frozen=True)
class Suite:
    """The rules of one file in expectations/.

    Attributes:
        name: the file's name without .json.
        rules: in the file's order.
        fingerprint: SHA-256 of its canonical JSON.
    """

    name: str
    rules: tuple[Rule, ...]
    fingerprint: str

    @property
    def row_rules(self) -> tuple[Rule, ...]:
        """Those the gate applies."""
        return tuple(rule for rule in self.rules if rule.kind == "row")

    @property
    def table_rules(self) -> tuple[Rule, ...]:
        """Those an audit applies."""
        return tuple(rule for rule in self.rules if rule.kind == "table")
