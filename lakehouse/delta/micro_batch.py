"""The identity of a micro-batch, by which its writes are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from datetime import UTC, datetime

from lakehouse.delta.commit_info import CommitInfo, Step
from lakehouse.delta.metrics import StepMetrics


@dataclass(frozen=True)
class MicroBatch:
    """The identity of a micro-batch: Delta ignores a second write of the same one to a table.

    Attributes:
        query: the streaming query's id, which is kept in its checkpoint. A new checkpoint is a new query.
        number: the micro-batch's number within the query; it only grows.
        commit_info: the metadata of its commits.
        began: when it began; its rows are stamped with this time. Spark's own current time will not do: MERGE
            does not recognise a cached frame that uses it, and computes the frame again.
    """

    query: str
    number: int
    commit_info: CommitInfo | None = None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def for_step(self, step: Step, metrics: StepMetrics | None = None) -> MicroBatch:
        """Return a copy for one write.

        Args:
            step: the step that makes the write.
            metrics: the counts of the step's gate, if it has one.
        """
        if self.commit_info is None:
            return self
        info = replace_fields(self.commit_info, step=step)
        return replace_fields(self, commit_info=info.with_metrics(metrics) if metrics else info)

    def with_passed(self, records: int) -> MicroBatch:
        """Return a copy whose commits name how many records passed both gates."""
        info = self.commit_info and replace_fields(self.commit_info, passed=records)
        return replace_fields(self, commit_info=info)
