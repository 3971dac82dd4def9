"""The published version of a batch table: the one that passed its suite and that readers see."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lakehouse.catalog import locations
from lakehouse.catalog.tables import Table
from lakehouse.delta.metrics import StepMetrics


@dataclass(frozen=True)
class PublishedVersion:
    """The version of a table that readers see.

    Attributes:
        version: the Delta version; None if no version has been published.
        run_id: the run that published it.
        pending: what silver's gate has counted since then.
    """

    version: int | None = None
    run_id: str | None = None
    pending: StepMetrics = field(default_factory=StepMetrics)

    @classmethod
    def parse(cls, text: str | bytes | None) -> PublishedVersion:
        """Return what the object's text says; without an object, that no version has been published."""
        if text is None:
            return cls()
        document = json.loads(text)
        pending = StepMetrics(read=document["pending_read"], quarantined=document["pending_quarantined"])
        return cls(document["version"], document["run_id"], pending)

    def as_text(self) -> str:
        """Return the text of the object, with the current time."""
        document = {
            "version": self.version,
            "run_id": self.run_id,
            "at": datetime.now(UTC).isoformat(),
            "pending_read": self.pending.read,
            "pending_quarantined": self.pending.quarantined,
        }
        return json.dumps(document)


def key(table: Table) -> str:
    """Return the object key under which a table's published version is stored."""
    return f"{locations.TABLES}/_published/{table.full_name}.json"
