"""The contract of an event between the API and the lakehouse: headers, ids, and the fields of a pin."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import uuid_utils

EVENT_ID_HEADER = "event_id"
RECEIVED_AT_HEADER = "received_at"

PIN_FIELDS = (
    "index",
    "unique_id",
    "title",
    "description",
    "poster_name",
    "follower_count",
    "tag_list",
    "is_image_or_video",
    "image_src",
    "downloaded",
    "save_location",
    "category",
)

MAX_AHEAD = timedelta(minutes=1)
MAX_AGE = timedelta(days=1)


def new_event_id() -> str:
    """Return a new UUIDv7; within one process every id is greater than those before it."""
    return str(uuid_utils.uuid7())


def event_time(event_id: uuid.UUID) -> datetime:
    """Return the UTC time, to the millisecond, that a UUIDv7 carries in its first 48 bits."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=event_id.int >> 80)


def event_id_at(moment: datetime) -> str:
    """Return the smallest UUIDv7 of a moment: ids of earlier events are smaller, of later ones greater."""
    milliseconds = (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    return str(uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62)))


def parse_event_id(text: str, *, now: datetime) -> str:
    """Return a client's own event id in its canonical spelling.

    Args:
        text: what the client sent.
        now: the API's clock, UTC.

    Raises:
        ValueError: it is not a UUIDv7, or its time is so far off that it could overtake a newer event.
    """
    try:
        event_id = uuid.UUID(text)
    except ValueError:
        raise ValueError("must be a UUIDv7") from None
    if len(text) != 36 or event_id.version != 7:
        raise ValueError("must be a UUIDv7 in the form 8-4-4-4-12")
    try:
        age = now - event_time(event_id)
    except OverflowError:
        age = timedelta.min  # after the year 9999
    if age < -MAX_AHEAD:
        raise ValueError("is more than a minute ahead of the API's clock")
    if age > MAX_AGE:
        raise ValueError("is more than a day old")
    return str(event_id)
