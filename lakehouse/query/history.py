"""The commits of a table's log, with the commit info they carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable

from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import CommitInfo

_CHANGED = ("numTargetRowsUpdated", "numTargetRowsDeleted", "numUpdatedRows", "numDeletedRows")


@dataclass(frozen=True)
class Commit:
    """One commit.

    Attributes:
        version: that it has made.
        at: when.
        operation: as Delta names it.
        metrics: as the operation gives them.
        commit_info: what the step says about itself; None for commits by Delta itself or by others.
        engine: what has written it.
    """

    version: int
    at: datetime
    operation: str
    metrics: Mapping[str, str]
    commit_info: CommitInfo | None
    engine: str | None

    @property
    def rows_in(self) -> int | None:
        """Rows that came into the step: counted by its gate, or told by its offsets, or by the merge."""
        if self.commit_info and self.commit_info.read is not None:
            return self.commit_info.read
        if self.commit_info and self.commit_info.offsets:
            return sum(part.count for part in self.commit_info.offsets)
        return self._metric("numSourceRows")

    @property
    def rows_out(self) -> int | None:
        """Rows that were inserted, updated or removed; of a restore nobody has counted them."""
        inserted = self._metric("numTargetRowsInserted")
        counted = [self._metric("numOutputRows") if inserted is None else inserted]
        if self.operation in ("UPDATE", "DELETE"):  # what they write is what they had to copy
            counted = []
        counted += [self._metric(name) for name in _CHANGED]
        known = [count for count in counted if count is not None]
        return sum(known) if known else None

    def as_row(self) -> dict[str, object]:
        """Return it for people and machines."""
        told = self.commit_info
        return {
            "version": self.version,
            "at": self.at,
            "operation": self.operation,
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "run": told.run if told else None,
            "lane": told.lane if told else None,
            "step": told.step if told else None,
            "code": told.code or None if told else None,
            "who": told.who or None if told else self.engine,
        }

    def _metric(self, name: str) -> int | None:
        return int(self.metrics[name]) if name in self.metrics else None


def read_commits(table: DeltaTable, *, limit: int | None = None) -> list[Commit]:
    """Return the commits that the log still holds, newest first. Reads one small object each.

    Args:
        table: its newest version: of an older one delta-rs would tell the newest commits too, misnumbered.
        limit: how many; None for all.
    """
    return [_commit(told) for told in table.history(limit)]


def _commit(told: Mapping[str, Any]) -> Commit:
    return Commit(
        version=told["version"],
        at=datetime.fromtimestamp(told["timestamp"] / 1000, UTC),
        operation=told.get("operation") or "",
        metrics=told.get("operationMetrics") or {},
        commit_info=commit_info.parse(told.get("userMetadata")),
        engine=told.get("userName") or told.get("engineInfo"),
    )
