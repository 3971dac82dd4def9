"""The history of a table: the commits in its log, with their commit info."""

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
        version: the version that the commit created.
        at: when it was written.
        operation: Delta's name for the operation.
        metrics: Delta's metrics of the operation.
        commit_info: the step that wrote it; None for commits by Delta itself or by other programs.
        engine: the program that wrote it.
    """

    version: int
    at: datetime
    operation: str
    metrics: Mapping[str, str]
    commit_info: CommitInfo | None
    engine: str | None

    @property
    def rows_in(self) -> int | None:
        """Rows that the step read: counted by its gate, derived from its offsets, or counted by the merge."""
        if self.commit_info and self.commit_info.read is not None:
            return self.commit_info.read
        if self.commit_info and self.commit_info.offsets:
            return sum(part.count for part in self.commit_info.offsets)
        return self._metric("numSourceRows")

    @property
    def rows_out(self) -> int | None:
        """Rows that were inserted, updated or removed; None for a restore, for which there is no count."""
        inserted = self._metric("numTargetRowsInserted")
        counts = [self._metric("numOutputRows") if inserted is None else inserted]
        if self.operation in ("UPDATE", "DELETE"):  # their output rows include the unchanged rows they copied
            counts = []
        counts += [self._metric(name) for name in _CHANGED]
        present = [count for count in counts if count is not None]
        return sum(present) if present else None

    def as_row(self) -> dict[str, object]:
        """Return the fields that `pinlake history` prints."""
        info = self.commit_info
        return {
            "version": self.version,
            "at": self.at,
            "operation": self.operation,
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "run": info.run if info else None,
            "lane": info.lane if info else None,
            "step": info.step if info else None,
            "code": info.code or None if info else None,
            "who": info.who or None if info else self.engine,
        }

    def _metric(self, name: str) -> int | None:
        return int(self.metrics[name]) if name in self.metrics else None


def read_commits(table: DeltaTable, *, limit: int | None = None) -> list[Commit]:
    """Return the commits that the log still holds, newest first. Reads one small object per commit.

    Args:
        table: the newest version of the table. For an older version delta-rs returns the newest commits with
            wrong numbers.
        limit: how many commits to return; None for all.
    """
    return [_commit(entry) for entry in table.history(limit)]


def _commit(entry: Mapping[str, Any]) -> Commit:
    return Commit(
        version=entry["version"],
        at=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
        operation=entry.get("operation") or "",
        metrics=entry.get("operationMetrics") or {},
        commit_info=commit_info.parse(entry.get("userMetadata")),
        engine=entry.get("userName") or entry.get("engineInfo"),
    )
