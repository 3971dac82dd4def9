"""Pins to erase: found in bytes by their ids, recorded by their hashes only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from foundation.errors import UsageError

MAX_SUBJECTS = 100
# Delta keeps only so much of a text in the statistics of a file.
_STATISTICS_CHARACTERS = 32
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Subjects:
    """Pins by their unique ids.

    Attributes:
        ids: in lower case, sorted, without duplicates.
    """

    ids: tuple[str, ...]

    @classmethod
    def of(cls, given: Iterable[str]) -> Subjects:
        """Return the pins with these ids; blanks around ids and empty lines are ignored.

        Raises:
            UsageError: there is no id, there are more than 100, or one is not a UUID.
        """
        ids = tuple(sorted({text.strip().lower() for text in given if text.strip()}))
        if not ids or len(ids) > MAX_SUBJECTS:
            raise UsageError(
                f"{len(ids)} pins to erase",
                where="erase",
                hint=f"Give 1 to {MAX_SUBJECTS} at a time, one per line.",
            )
        for unique_id in ids:
            if not _UUID.fullmatch(unique_id):
                raise UsageError(
                    f"{unique_id[:60]} is not the id of a pin", where="erase", hint="A unique_id is a UUID."
                )
        return cls(ids)

    @property
    def hashes(self) -> tuple[str, ...]:
        """The SHA-256 of each id: it does not reveal the id, but anyone who has the id can look it up."""
        return tuple(hashlib.sha256(unique_id.encode()).hexdigest() for unique_id in self.ids)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """As much of each id as the statistics of a file can hold."""
        return tuple(unique_id[:_STATISTICS_CHARACTERS] for unique_id in self.ids)

    def are_mentioned_in(self, content: bytes, *, prefix_only: bool = False) -> bool:
        """Return whether bytes contain one of the ids, in upper or lower case.

        Args:
            content: the bytes.
            prefix_only: accept as much of an id as the statistics of a file can hold.
        """
        lowered = content.lower()
        return any(text.encode() in lowered for text in (self.prefixes if prefix_only else self.ids))
