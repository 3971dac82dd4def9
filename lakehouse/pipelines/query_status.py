"""The status of one query of the stream lane, a part of the lane's status."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

QueryState = Literal["running", "waiting"]


@dataclass(frozen=True)
class QueryStatus:
    """The status of a query. `pinlake status --json` prints the attributes under these names.

    Attributes:
        state: waiting while a server that this query needs does not answer.
        since: when this state began, ISO 8601 in UTC.
        wrote_at: when its last micro-batch was written.
        reason: what it waits for.
    """

    state: QueryState
    since: str
    wrote_at: str | None = None
    reason: str | None = None

    def changed(self, state: QueryState, now: str, reason: str | None = None) -> QueryStatus:
        """Return the status in a state from now on, or still in it."""
        since = self.since if self.state == state else now
        return replace(self, state=state, since=since, reason=reason)

    def as_data(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return asdict(self)
