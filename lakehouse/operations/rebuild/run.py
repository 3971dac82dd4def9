"""A rebuild from beginning to end: looked at, or published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.rebuild import changes as difference
from lakehouse.operations.rebuild.changes import TableChanges
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.publish import Publication
from lakehouse.operations.rebuild.recompute import RecomputedGold, RecomputedSilver, open_recomputation
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.results import GateLog
from lakehouse.silver.text import TextPolicy


@dataclass(frozen=True)
class RebuildRequest:
    """What is to be rebuilt.

    Attributes:
        days: of the events.
        text_policy: see `lakehouse.silver.cleaning`.
        examples: how many changed rows of each table are told in full.
    """

    days: DateRange
    text_policy: TextPolicy
    examples: int = 0


@dataclass(frozen=True)
class RebuildSummary:
    """What a rebuild changes.

    Attributes:
        judged: events that were judged anew.
        refused: rows that quarantine gets.
        released: rows of quarantine that pass now.
        tables: silver, the features and the daily figures.
    """

    judged: int
    refused: int
    released: int
    tables: tuple[TableChanges, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.refused or self.released or any(table.rows for table in self.tables))

    def as_data(self) -> dict[str, Any]:
        """Return what `pinlake rebuild --json` prints, under the keys that it has always had."""
        return {
            "judged": self.judged,
            "refused": self.refused,
            "let_through": self.released,
            "tables": [asdict(table) for table in self.tables],
        }


def preview(lake: DeltaLake, request: RebuildRequest) -> RebuildSummary:
    """Return what a rebuild would change. Costs what `Recomputation.silver` and `gold` cost.

    What silver has not read yet of these pins is part of it: publishing promotes it first.
    """
    with open_recomputation(lake, request.days) as recomputation:
        silver = recomputation.recompute_silver(text_policy=request.text_policy)
        return _found(silver, recomputation.recompute_gold(silver), examples=request.examples)


def publish(lake: DeltaLake, request: RebuildRequest, *, report: Callable[[RebuildSummary], None]) -> None:
    """Bring the batch lane's tables to what they would be, had today's code and suites been there always.

    Silver takes first what is new in bronze: no event is judged here whose turn is still to come.
    Beside two recomputations of gold, an ordinary promotion to gold and the audits, each table that differs
    costs a merge, which rewrites only files that hold a changed row.

    Args:
        lake: the lakehouse.
        request: what is to be rebuilt.
        report: takes what changes, before it is written.

    Raises:
        Unpublished: a critical rule does not hold: readers keep the versions they had.
        TransientError: another writer was first.
    """
    log = GateLog()
    batch_lane.promote_to_silver(lake, text_policy=request.text_policy, log=log)
    with open_recomputation(lake, request.days) as recomputation:
        silver = recomputation.recompute_silver(text_policy=request.text_policy)
        report(_found(silver, recomputation.recompute_gold(silver), examples=request.examples))
        for step in Publication(lake, recomputation, silver=silver, log=log).list_steps():
            step()


def _found(silver: RecomputedSilver, gold: RecomputedGold, *, examples: int) -> RebuildSummary:
    changes = ((silver.changes, BATCH.silver), (gold.features, BATCH.features), (gold.daily, CATEGORY_DAILY))
    return RebuildSummary(
        silver.judged.counts.read,
        silver.refusals.count() + gold.refusals.count(),
        silver.released.count() + gold.released.count(),
        tuple(difference.summarise(rows, table, examples=examples) for rows, table in changes),
    )
