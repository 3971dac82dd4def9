"""The result of the demonstration, compared with what was posted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lakehouse.catalog.tables import HISTORIES
from pinlake.app.demo.scenario import Posted
from pinlake.app.demo.verification import Rows, ServedRows


@dataclass(frozen=True)
class DemoSummary:
    """Input and output of the demonstration.

    Attributes:
        posted: answers of the API.
        malformed: number of records written directly into the topics, by the expected reason of rejection.
        rows: row counts of every table of the lanes.
        daily_pins: sum of the pins in gold.category_daily.
        reasons: quarantined records of this run by lane and reason.
        lanes_differ: number of pins whose silver rows differ between the lanes.
        served: rows of Postgres.
        report: path of the quality report.
        seconds: wall time by step.
    """

    posted: Posted
    malformed: Mapping[str, int]
    rows: list[Rows]
    daily_pins: int
    reasons: Mapping[str, Mapping[str, int]]
    lanes_differ: int
    served: ServedRows
    report: str
    seconds: Mapping[str, float]

    def disagreements(self) -> list[str]:
        """Return a sentence for every figure that differs from what was posted; empty if all agree."""
        pins = len(self.posted.newest)
        wrong = [
            f"{row.table} has {row.of_this_run} of the {self._expected(row.table)} rows expected"
            for row in self.rows
            if row.of_this_run != self._expected(row.table)
        ]
        wrong += [
            f"the quarantine of the {lane} lane has {dict(counts)}, expected {dict(self.malformed)}"
            for lane, counts in self.reasons.items()
            if Counter(counts) != Counter(self.malformed)
        ]
        if self.served.of_this_run != pins:
            wrong.append(f"Postgres has {self.served.of_this_run} of the {pins} pins expected")
        if self.daily_pins != self._total("silver.pins_batch"):
            wrong.append(
                f"gold.category_daily counts {self.daily_pins} pins, but silver.pins_batch has another number"
            )
        if self.lanes_differ:
            wrong.append(f"{self.lanes_differ} pins differ between the lanes")
        return wrong

    def as_data(self) -> dict[str, Any]:
        """Return the summary as the data of a JSON object."""
        return {
            "posted": self.posted.posted,
            "accepted": self.posted.accepted,
            "rejected": self.posted.rejected,
            "malformed": sum(self.malformed.values()),
            "rows": {row.table: asdict(row) for row in self.rows},
            "category_daily_pins": self.daily_pins,
            "quarantined": self.reasons,
            "lanes_differ": self.lanes_differ,
            "postgres_rows": self.served.of_this_run,
            "postgres_rows_in_all": self.served.total,
            "report": self.report,
            "seconds": {step: round(seconds, 2) for step, seconds in self.seconds.items()},
            "disagreements": self.disagreements(),
        }

    def _expected(self, table: str) -> int:
        malformed = sum(self.malformed.values())
        if table in (history.full_name for history in HISTORIES):
            return len(self.posted.event_ids)
        by_layer = {"bronze": self.posted.accepted + malformed, "quarantine": malformed}
        return by_layer.get(table.split(".")[0], len(self.posted.newest))

    def _total(self, table: str) -> int:
        return sum(row.total for row in self.rows if row.table == table)
