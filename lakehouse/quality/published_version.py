"""The pointer that readers of a batch table follow: which version its suite has passed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lakehouse.catalog import locations
from lakehouse.catalog.tables import Table
from lakehouse.delta.metrics import StepMetrics


@dataclass(frozen=True)
class PublishedVersion:
    """What readers see of a table, and what silver's gate has counted since that was published."""

    version: int | None = None
    run_id: str | None = None
    pending: StepMetrics = field(default_factory=StepMetrics)

    @classmethod
    def parse(cls, text: str | None) -> PublishedVersion:
        """Return what an object says; None if there is no such object."""
        if text is None:
            return cls()
        held = json.loads(text)
        pending = StepMetrics(read=held["pending_read"], quarantined=held["pending_quarantined"])
        return cls(held["version"], held["run_id"], pending)

    def as_text(self) -> str:
        """Return what is written into the object now."""
        held = {
            "version": self.version,
            "run_id": self.run_id,
            "at": datetime.now(UTC).isoformat(),
            "pending_read": self.pending.read,
            "pending_quarantined": self.pending.quarantined,
        }
        return json.dumps(held)


def key(table: Table) -> str:
    """Return the key of a table's pointer in the bucket."""
    return f"{locations.TABLES}/_published/{table.full_name}.json"
