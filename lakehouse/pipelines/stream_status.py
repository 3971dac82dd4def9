"""The status of the stream lane: a small object in the bucket that every host can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from foundation.object_store import ObjectStore
from lakehouse.delta.locks.owner import LockOwner
from lakehouse.pipelines.query_status import QueryState, QueryStatus

KEY = "state/stream.json"
State = Literal["running", "waiting", "ended", "died"]


@dataclass(frozen=True)
class StreamStatus:
    """The status that the lane last wrote.

    Attributes:
        state: waiting while a query waits for a server; died if the process is gone but did not end the lane.
        since: when this state began, ISO 8601 in UTC.
        owner: the lane's process.
        wrote_at: when a query last wrote a micro-batch, ISO 8601 in UTC.
        reason: which query waits for what, which error ended it, or why it counts as died.
        age: seconds since the object was written; 0 in the process that writes it.
        queries: the status of each query by name; empty if an older version wrote the object.
    """

    state: State
    since: str
    owner: LockOwner
    wrote_at: str | None = None
    reason: str | None = None
    age: float = 0.0
    queries: Mapping[str, QueryStatus] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether the lane runs or ended without an error."""
        return self.state in ("running", "ended") and self.reason is None

    @property
    def is_running(self) -> bool:
        """Whether the lane runs and waits for nothing."""
        return self.state == "running" and self.is_well

    def as_running(self, query: str, now: datetime) -> StreamStatus:
        """Return the status of the lane when a query runs and waits for nothing."""
        return self._with_query(query, self._changed_query(query, "running", now), now)

    def as_written(self, query: str, now: datetime) -> StreamStatus:
        """Return the status after a query has written a micro-batch."""
        written = replace(self._changed_query(query, "running", now), wrote_at=_text(now))
        return replace(self._with_query(query, written, now), wrote_at=_text(now))

    def as_waiting(self, query: str, reason: str, now: datetime) -> StreamStatus:
        """Return the status of the lane when a query waits for a server."""
        return self._with_query(query, self._changed_query(query, "waiting", now, reason), now)

    def as_ended(self, reason: str | None, now: datetime) -> StreamStatus:
        """Return the status after the lane has ended; `reason` is the error that ended it, if any."""
        return self._changed("ended", now, reason)

    def is_query_running(self, query: str) -> bool:
        """Return whether a query runs and waits for nothing."""
        return query in self.queries and self.queries[query].state == "running"

    def observed_after(self, age: float) -> StreamStatus:
        """Return the status as a reader sees it `age` seconds after it was written."""
        observed = replace(self, age=age)
        if self.state == "ended" or self.owner.is_alive(age):
            return observed
        cause = "its process is gone" if self.owner.has_ended() else f"no sign of life for {age:.0f} s"
        return replace(observed, state="died", reason=f"{cause}: {self.owner}")

    def as_json(self) -> str:
        """Return the object's JSON text."""
        stored = asdict(self) | {"owner": self.owner.as_dict()}
        return json.dumps({name: value for name, value in stored.items() if name != "age"})

    @classmethod
    def from_json(cls, text: str | bytes) -> StreamStatus:
        """Return the status that `as_json` wrote."""
        document = json.loads(text)
        return cls(
            document["state"],
            document["since"],
            LockOwner.from_dict(document["owner"]),
            document["wrote_at"],
            document["reason"],
            queries={name: QueryStatus(**each) for name, each in document.get("queries", {}).items()},
        )

    def as_data(self) -> dict[str, Any]:
        """Return the fields that `pinlake status --json` prints."""
        return {
            "state": self.state,
            "since": self.since,
            "pid": self.owner.pid,
            "wrote_at": self.wrote_at,
            "reason": self.reason,
            "host": self.owner.host,
            "command": self.owner.command,
            "age_seconds": self.age,
            "queries": {name: query.as_data() for name, query in self.queries.items()},
        }

    def _with_query(self, name: str, query: QueryStatus, now: datetime) -> StreamStatus:
        """Return the status with the status of a query; the lane waits while one of its queries waits."""
        queries = {**self.queries, name: query}
        reasons = [f"{each}: {queries[each].reason}" for each in sorted(queries) if queries[each].reason]
        state: State = "waiting" if reasons else "running"
        return replace(self._changed(state, now, "; ".join(reasons) or None), queries=queries)

    def _changed_query(
        self, name: str, state: QueryState, now: datetime, reason: str | None = None
    ) -> QueryStatus:
        query = self.queries.get(name, QueryStatus(state, _text(now)))
        return query.changed(state, _text(now), reason)

    def _changed(self, state: State, now: datetime, reason: str | None = None) -> StreamStatus:
        since = self.since if self.state == state else _text(now)
        return replace(self, state=state, since=since, reason=reason)


def initial_status(owner: LockOwner, now: datetime) -> StreamStatus:
    """Return the status of a lane that has just started."""
    return StreamStatus("running", _text(now), owner)


def read(store: ObjectStore) -> StreamStatus | None:
    """Return the lane's status, or None if the lane has never run. Costs one request.

    Raises:
        TransientError: the object store does not answer.
        ConfigurationError: the object store refuses these keys.
    """
    content = store.get(KEY)
    return None if content is None else StreamStatus.from_json(content.body).observed_after(content.age)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
