"""A range of days, as a range of event ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

_EPOCH = date(1970, 1, 1)
_DAY = timedelta(days=1)
_DAY_MILLISECONDS = 86_400_000


@dataclass(frozen=True)
class DateRange:
    """A range of whole days in UTC.

    Attributes:
        first: the first day.
        last: the last day, included.
    """

    first: date
    last: date

    @property
    def begin_id(self) -> str:
        """The beginning of an id at the first millisecond of the first day; every earlier id is smaller."""
        return _first_id(self.first)

    @property
    def end_id(self) -> str:
        """The beginning of an id at the first millisecond after the last day."""
        return _first_id(self.last + _DAY)

    def list_days(self) -> list[date]:
        """Return every day, in order."""
        return [self.first + number * _DAY for number in range((self.last - self.first).days + 1)]

    def contains(self, event_id: Column) -> Column:
        """Return whether an event is in these days."""
        return (event_id >= F.lit(self.begin_id)) & (event_id < F.lit(self.end_id))


def _first_id(day: date) -> str:
    # A UUIDv7 begins with its time in milliseconds, so ids compare as their times do.
    digits = f"{(day - _EPOCH).days * _DAY_MILLISECONDS:012x}"
    return f"{digits[:8]}-{digits[8:]}"
