"""Problem details (RFC 9457): the response to a request that is not accepted."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """One reason why a request is rejected.

    Args:
        status: the HTTP status.
        detail: what is wrong, without repeating what the client sent.
        field: the field or header that is wrong, if there is one.
        event_id: the id for a retry, because the event may still arrive under it.
    """

    status: int
    detail: str
    field: str | None = None
    event_id: str | None = None

    def body(self) -> dict[str, Any]:
        """Return the members of the JSON object."""
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
    """Return the problem of a body or pin that has more than `limit` bytes."""
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{what} is larger than {limit} bytes")
