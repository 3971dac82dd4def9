"""Preview and publication of a rebuild."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.rebuild.changes import TableChanges, summarise
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.publish import Publication
from lakehouse.operations.rebuild.recompute import RecomputedGold, RecomputedSilver, open_recomputation
from lakehouse.pipelines import batch
from lakehouse.quality.results import GateStats
from lakehouse.silver.text import TextPolicy


@dataclass(frozen=True)
class RebuildRequest:
    """What to rebuild.

    Attributes:
        days: the days of the events.
        text_policy: see `lakehouse.silver.cleaning`.
        examples: the number of changed rows of each table to report in full.
    """

    days: DateRange
    text_policy: TextPolicy
    examples: int = 0


@dataclass(frozen=True)
class RebuildSummary:
    """What a rebuild changes.

    Attributes:
        judged: events that were checked again.
        refused: rows added to quarantine.
        released: open rows of quarantine that pass now.
        tables: the changes of silver, the features and the daily figures.
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
        """Return what `pinlake rebuild --json` prints; its keys are a contract."""
        return {
            "judged": self.judged,
            "refused": self.refused,
            "let_through": self.released,
            "tables": [asdict(table) for table in self.tables],
        }


def preview(lake: DeltaLake, request: RebuildRequest) -> RebuildSummary:
    """Return what a rebuild would change. Costs one recomputation of silver and one of gold.

    Includes events of these pins that silver has not read yet; `publish` promotes them first.

    Args:
        lake: the lakehouse.
        request: what to rebuild.
    """
    with open_recomputation(lake, request.days) as recomputation:
        silver = recomputation.recompute_silver(text_policy=request.text_policy)
        return _summarise(silver, recomputation.recompute_gold(silver), examples=request.examples)


def publish(lake: DeltaLake, request: RebuildRequest, *, report: Callable[[RebuildSummary], None]) -> None:
    """Change the batch lane's tables to what today's code and suites would have made of the days.

    Promotes new bronze rows to silver first, so that the rebuild never overtakes an ordinary promotion. Costs
    one recomputation of silver, two of gold, an ordinary promotion to gold, the audits, and one merge per
    table that differs, which rewrites only files with a changed row.

    Args:
        lake: the lakehouse.
        request: what to rebuild.
        report: is called with the changes before they are written.

    Raises:
        AuditFailedError: a critical rule fails; readers keep the versions they had.
        TransientError: another writer was first.
    """
    stats = GateStats()
    batch.write_silver(lake, text_policy=request.text_policy, stats=stats)
    with open_recomputation(lake, request.days) as recomputation:
        silver = recomputation.recompute_silver(text_policy=request.text_policy)
        report(_summarise(silver, recomputation.recompute_gold(silver), examples=request.examples))
        for step in Publication(lake, recomputation, silver=silver, stats=stats).list_steps():
            step()


def _summarise(silver: RecomputedSilver, gold: RecomputedGold, *, examples: int) -> RebuildSummary:
    changes = ((silver.changes, BATCH.silver), (gold.features, BATCH.features), (gold.daily, CATEGORY_DAILY))
    return RebuildSummary(
        silver.judged.counts.read,
        silver.refusals.count() + gold.refusals.count(),
        silver.released.count() + gold.released.count(),
        tuple(summarise(rows, table, examples=examples) for rows, table in changes),
    )
