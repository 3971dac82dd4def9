"""The result of the stream lane's last audit: a small object in the bucket that `pinlake status` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from lakehouse.catalog import locations
from lakehouse.catalog.tables import STREAM

KEY = f"{locations.TABLES}/_quality/stream.json"
# The tables that an audit checks.
AUDITED = (STREAM.silver, STREAM.features)


@dataclass(frozen=True)
class TableAuditStatus:
    """The result of the last audit of a table.

    Attributes:
        version: the version audited.
        critical: the critical rules that failed.
        warning: the rules that failed with a warning.
        since: the version after which the rows were added that were audited; None if all rows were.
    """

    version: int
    critical: Sequence[str] = ()
    warning: Sequence[str] = ()
    since: int | None = None

    def list_bases(self, version: int) -> tuple[int | None, ...]:
        """Return from which versions on to audit a newer version, in order of preference.

        The first is the version that was audited last. Rows among which a critical rule failed are audited
        again. If nothing has been added since, the same rows are: some rules depend on the time.
        """
        if self.version > version:
            return (None,)  # the table has been created again
        passed = self.version < version and not self.critical
        return tuple(dict.fromkeys((*([self.version] if passed else []), self.since, None)))


@dataclass(frozen=True)
class StreamAuditStatus:
    """The last audit of the stream lane.

    Attributes:
        at: when it ran, ISO 8601 in UTC.
        run_id: the id of its rows in quality.results.
        error: why it could not run; None if it ran.
        tables: the status of each audited table, by full name.
    """

    at: str
    run_id: str
    error: str | None = None
    tables: Mapping[str, TableAuditStatus] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a critical rule failed or the audit could not run."""
        return bool(self.error) or any(table.critical for table in self.tables.values())

    def as_json(self) -> str:
        """Return the object's JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> StreamAuditStatus:
        """Return the status that `as_json` wrote."""
        document = json.loads(text)
        tables = {name: TableAuditStatus(**table) for name, table in document.pop("tables").items()}
        return cls(**document, tables=tables)
