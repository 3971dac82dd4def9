"""The pins that are to be erased: recognised in bytes, and named by nothing but their hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from foundation.errors import UsageError

MOST = 100
# What Delta keeps of a text in a file's statistics.
_KEPT_CHARACTERS = 32
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Subjects:
    """Pins by their unique ids.

    Attributes:
        ids: in lower case, each once, in their order.
    """

    ids: tuple[str, ...]

    @classmethod
    def of(cls, given: Iterable[str]) -> Subjects:
        """Return the pins of these ids; blanks around them and empty lines are ignored.

        Raises:
            UsageError: there are none, more than 100, or one that is no UUID.
        """
        ids = tuple(sorted({text.strip().lower() for text in given if text.strip()}))
        if not ids or len(ids) > MOST:
            raise UsageError(
                f"{len(ids)} pins to erase", where="erase", hint=f"Give 1 to {MOST} at a time, one a line."
            )
        for unique_id in ids:
            if not _UUID.fullmatch(unique_id):
                raise UsageError(
                    f"no pin can be called {unique_id[:60]}", where="erase", hint="A unique_id is a UUID."
                )
        return cls(ids)

    @property
    def hashes(self) -> tuple[str, ...]:
        """Their SHA-256, from which nobody comes back to an id: whoever has the id can look it up."""
        return tuple(hashlib.sha256(unique_id.encode()).hexdigest() for unique_id in self.ids)

    @property
    def beginnings(self) -> tuple[str, ...]:
        """As much of the ids as a file's statistics would hold."""
        return tuple(unique_id[:_KEPT_CHARACTERS] for unique_id in self.ids)

    def named_in(self, content: bytes, *, cut: bool = False) -> bool:
        """Return whether bytes name one of them, in upper or lower case.

        Args:
            content: the bytes.
            cut: whether what statistics would hold of an id is enough.
        """
        lowered = content.lower()
        return any(text.encode() in lowered for text in (self.beginnings if cut else self.ids))
