"""The receipt of an erasure: what was removed, where and when. It identifies pins only by their hashes.

It is created before anything is removed and updated at each step, so that the next run for the same pins can
resume one that was killed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from foundation import version
from foundation.data_subjects import Subjects
from foundation.event import new_event_id
from foundation.object_store import ObjectStore

PREFIX = "erasures/"


@dataclass(frozen=True)
class Removal:
    """What was removed from one table or other place.

    Attributes:
        rows: rows, records or pages of the subjects.
        files: data files or objects that held one of these, and were removed or rewritten.
        before: the table's version before its rows were removed.
        after: the version without them.
        unreadable: the first and last version that need one of the removed files.
    """

    rows: int = 0
    files: int = 0
    before: int | None = None
    after: int | None = None
    unreadable: tuple[int, int] | None = None


@dataclass(frozen=True)
class ErasureReceipt:
    """One erasure, stored as a JSON object with these attributes.

    Attributes:
        run: the id of the run, which its commits and loads carry too.
        subjects: SHA-256 of each unique_id in lower case.
        began: the beginning, ISO 8601.
        ended: when a search first found nothing left, ISO 8601; None until then.
        places: what was removed, by place, such as silver.pins_batch.
        traces: what the last search found: objects, files and tables that still mention a subject.
        code: see `foundation.version`.
    """

    run: str
    subjects: tuple[str, ...]
    began: str
    ended: str | None = None
    places: dict[str, Removal] = field(default_factory=dict)
    traces: tuple[str, ...] = ()
    code: str = field(default_factory=version.code_version)

    @property
    def removed(self) -> int:
        """The number of rows, records and files removed."""
        return sum(removal.rows + removal.files for removal in self.places.values())

    def with_counts(self, name: str, *, rows: int = 0, files: int = 0) -> ErasureReceipt:
        """Return the receipt with what is about to be removed; a resumed run lowers no count."""
        old = self.places.get(name, Removal())
        return self._with(name, replace(old, rows=max(old.rows, rows), files=max(old.files, files)))

    def with_versions(self, name: str, *, before: int, after: int) -> ErasureReceipt:
        """Return the receipt with a table's versions; the first `before` stays."""
        old = self.places.get(name, Removal())
        first = before if old.before is None else old.before
        return self._with(name, replace(old, before=first, after=after))

    def with_unreadable_versions(self, name: str, versions: tuple[int, int]) -> ErasureReceipt:
        """Return the receipt with the versions of a table that can no longer be read."""
        old = self.places.get(name, Removal())
        earlier = old.unreadable or versions
        span = (min(earlier[0], versions[0]), max(earlier[1], versions[1]))
        return self._with(name, replace(old, unreadable=span))

    def with_search_result(self, traces: tuple[str, ...]) -> ErasureReceipt:
        """Return the receipt with the result of a search; the erasure has ended if it found nothing."""
        return replace(self, traces=traces, ended=None if traces else _now())

    def _with(self, name: str, removal: Removal) -> ErasureReceipt:
        return replace(self, places={**self.places, name: removal})


class ErasureReceipts:
    """The receipts in a bucket.

    Args:
        store: the bucket.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read_all(self) -> Iterator[ErasureReceipt]:
        """Yield every receipt, oldest first."""
        for key in sorted(self._store.list_keys(PREFIX)):
            if body := self._store.read(key):
                yield _from_json(json.loads(body))

    def resume_or_begin(self, subjects: Subjects) -> ErasureReceipt:
        """Return the unfinished receipt of these subjects, or a new one, not saved yet."""
        for receipt in self.read_all():
            if receipt.ended is None and receipt.subjects == subjects.hashes:
                return receipt
        return ErasureReceipt(new_event_id(), subjects.hashes, _now())

    def save(self, receipt: ErasureReceipt) -> ErasureReceipt:
        """Write a receipt and return it."""
        self._store.write(f"{PREFIX}{receipt.run}.json", json.dumps(asdict(receipt)).encode())
        return receipt


def _from_json(fields: dict[str, Any]) -> ErasureReceipt:
    places = {
        name: Removal(**{**entry, "unreadable": tuple(entry["unreadable"]) if entry["unreadable"] else None})
        for name, entry in fields["places"].items()
    }
    tuples = {name: tuple(fields[name]) for name in ("subjects", "traces")}
    return ErasureReceipt(**{**fields, **tuples, "places": places})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
