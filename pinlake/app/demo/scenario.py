"""Posts of the demonstration and the expected result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from foundation.event import new_event_id
from ingestion.client.client import Answer, post_pins

UPDATES = 100
REPEATS = slice(75, 125)  # half of them repeat an event that a newer event has replaced


@dataclass(frozen=True)
class NewestEvent:
    """The newest accepted event of a pin, and its follower count if the demonstration has set it."""

    unique_id: str
    event_id: str
    follower_count: int | None


@dataclass(frozen=True)
class Posted:
    """Answers of the API.

    Attributes:
        accepted: number of accepted posts, including repeats.
        rejected: number of rejected posts.
        newest: the event of each pin that must be in the tables at the end.
        event_ids: every accepted event, each once: these must be in the tables that are history.
    """

    accepted: int
    rejected: int
    newest: list[NewestEvent]
    event_ids: list[str]

    @property
    def posted(self) -> int:
        """Number of all posts."""
        return self.accepted + self.rejected


def post(url: str, pins: Sequence[bytes]) -> Posted:
    """Post every pin once, some pins again with a new follower count, and some events a second time.

    Args:
        url: address of the API.
        pins: JSON objects.

    Raises:
        TransientError: the API does not answer.
    """
    ids = [new_event_id() for _ in pins]
    first = post_pins(url, pins, event_ids=ids)
    counts = [1000 * number + 500 for number in range(1, len(pins[:UPDATES]) + 1)]
    updates = [_with_followers(pin, count) for pin, count in zip(pins[:UPDATES], counts, strict=True)]
    second = post_pins(url, updates)
    repeated = post_pins(url, pins[REPEATS], event_ids=ids[REPEATS])
    events = [*((answer, None) for answer in first), *zip(second, counts, strict=True)]
    answers = [*first, *second, *repeated]
    acknowledged = [answer.acknowledged.event_id for answer in answers if answer.acknowledged]
    accepted = len(acknowledged)
    return Posted(accepted, len(answers) - accepted, _newest(events), sorted(set(acknowledged)))


def _newest(events: Sequence[tuple[Answer, int | None]]) -> list[NewestEvent]:
    newest: dict[str, NewestEvent] = {}
    for answer, followers in events:
        if event := answer.acknowledged:
            previous = newest.get(event.unique_id)
            if previous is None or event.event_id > previous.event_id:
                newest[event.unique_id] = NewestEvent(event.unique_id, event.event_id, followers)
    return list(newest.values())


def _with_followers(pin: bytes, count: int) -> bytes:
    return orjson.dumps({**orjson.loads(pin), "follower_count": f"{count / 1000}k"})
