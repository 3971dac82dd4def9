"""What the door answers to a request it does not accept: RFC 9457 problem details."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """One reason for a refusal.

    Args:
        status: the HTTP status.
        detail: what is wrong, without repeating what the client sent.
        field: the field, header or query that is at fault, where there is one.
        event_id: the id under which the event may yet arrive, for the client to retry with.
    """

    status: int
    detail: str
    field: str | None = None
    event_id: str | None = None

    def body(self) -> dict[str, Any]:
        """Return the problem as the members of its JSON object."""
        members: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.field is not None:
            members["field"] = self.field
        if self.event_id is not None:
            members["event_id"] = self.event_id
        return members


def too_large(what: str, *, limit: int) -> Problem:
    """Return the problem of a body or pin of more than `limit` bytes."""
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{what} is larger than {limit} bytes")
