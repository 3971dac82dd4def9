"""What the audit beside the stream has found last: an object that people and `pinlake status` read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from lakehouse.catalog import locations

KEY = f"{locations.TABLES}/_quality/stream.json"


@dataclass(frozen=True)
class TableAuditStatus:
    """The rules that do not hold for one version of a table, by their severity."""

    version: int
    critical: Sequence[str] = ()
    warning: Sequence[str] = ()


@dataclass(frozen=True)
class StreamAuditStatus:
    """The last audit.

    Attributes:
        at: when, ISO 8601.
        run_id: of its rows in quality.results.
        error: why nothing could be judged, if so.
        tables: by full name.
    """

    at: str
    run_id: str
    error: str | None = None
    tables: Mapping[str, TableAuditStatus] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a critical rule does not hold, or nothing could be judged."""
        return bool(self.error) or any(table.critical for table in self.tables.values())

    def as_json(self) -> str:
        """Return what the object holds."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> StreamAuditStatus:
        """Return what `as_json` has written."""
        held = json.loads(text)
        tables = {name: TableAuditStatus(**table) for name, table in held.pop("tables").items()}
        return cls(**held, tables=tables)
