"""A rebuild from beginning to end: looked at, or published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.rebuild import changes as difference
from lakehouse.operations.rebuild.changes import Difference
from lakehouse.operations.rebuild.date_range import Days
from lakehouse.operations.rebuild.publish import Publication
from lakehouse.operations.rebuild.recompute import Gold, Silver, recomputing
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.results import GateStats
from lakehouse.silver.text import TextPolicy


@dataclass(frozen=True)
class Request:
    """What is to be rebuilt.

    Attributes:
        days: of the events.
        text_policy: see `lakehouse.silver.cleaning`.
        examples: how many changed rows of each table are told in full.
    """

    days: Days
    text_policy: TextPolicy
    examples: int = 0


@dataclass(frozen=True)
class Found:
    """What a rebuild changes.

    Attributes:
        judged: events that were judged anew.
        refused: rows that quarantine gets.
        let_through: rows of quarantine that pass now.
        tables: silver, the features and the daily figures.
    """

    judged: int
    refused: int
    let_through: int
    tables: tuple[Difference, ...]

    @property
    def nothing(self) -> bool:
        """Whether nothing changes."""
        return not (self.refused or self.let_through or any(table.rows for table in self.tables))


def preview(lake: DeltaLake, request: Request) -> Found:
    """Return what a rebuild would change. Costs what `Recomputation.silver` and `gold` cost.

    What silver has not read yet of these pins is part of it: publishing promotes it first.
    """
    with recomputing(lake, request.days) as recomputation:
        silver = recomputation.silver(text_policy=request.text_policy)
        return _found(silver, recomputation.gold(silver), examples=request.examples)


def publish(lake: DeltaLake, request: Request, *, tell: Callable[[Found], None]) -> None:
    """Bring the batch lane's tables to what they would be, had today's code and suites been there always.

    Silver takes first what is new in bronze: no event is judged here whose turn is still to come.
    Beside two recomputations of gold, an ordinary promotion to gold and the audits, each table that differs
    costs a merge, which rewrites only files that hold a changed row.

    Args:
        lake: the lakehouse.
        request: what is to be rebuilt.
        tell: takes what changes, before it is written.

    Raises:
        AuditFailedError: a critical rule does not hold: readers keep the versions they had.
        TransientError: another writer was first.
    """
    log = GateStats()
    batch_lane.write_silver(lake, text_policy=request.text_policy, stats=log)
    with recomputing(lake, request.days) as recomputation:
        silver = recomputation.silver(text_policy=request.text_policy)
        tell(_found(silver, recomputation.gold(silver), examples=request.examples))
        for step in Publication(lake, recomputation, silver=silver, log=log).steps():
            step()


def _found(silver: Silver, gold: Gold, *, examples: int) -> Found:
    changes = ((silver.changes, BATCH.silver), (gold.features, BATCH.features), (gold.daily, CATEGORY_DAILY))
    return Found(
        silver.judged.counts.read,
        silver.refusals.count() + gold.refusals.count(),
        silver.let_through.count() + gold.let_through.count(),
        tuple(difference.summary(rows, table, examples=examples) for rows, table in changes),
    )
