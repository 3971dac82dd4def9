"""What each rule says, from the suites and from parsing."""

from __future__ import annotations

from lakehouse.quality.suite import load
from lakehouse.silver import parsing
from lakehouse.tables import TABLES


def read() -> dict[str, str]:
    """Return the sentence of every rule by its id.

    Raises:
        TerminalError: a suite is not usable.
    """
    suites = [load(table) for table in TABLES if table.suite]
    rules = (*parsing.RULES, *(rule for suite in suites for rule in suite.rules))
    return {rule.id: rule.sentence for rule in rules}
