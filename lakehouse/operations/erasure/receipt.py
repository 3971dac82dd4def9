"""The receipt of an erasure: what was removed, where and when. A pin is named by nothing but its hash.

It is begun before anything is removed and kept up to date on the way, so that a run that was killed is taken
up by the next one for the same pins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from foundation import version as revision
from foundation.data_subjects import Subjects
from foundation.event import new_event_id

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "erasures/"


@dataclass(frozen=True)
class Removal:
    """What was removed from one place.

    Attributes:
        rows: rows, records or pages that were the subjects'.
        files: data files or objects that were removed or written anew because they held one.
        before: a table's version before its rows were removed.
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
    """One erasure.

    Attributes:
        run: its id; the commits and loads that belong to it carry it too.
        subjects: SHA-256 of each unique_id in lower case.
        began: when, ISO 8601.
        ended: when nothing was left; None if that has not been proved yet.
        places: by name, such as silver.pins_batch.
        traces: what the last search has found left.
        code: see `foundation.version`.
    """

    run: str
    subjects: tuple[str, ...]
    began: str
    ended: str | None = None
    places: dict[str, Removal] = field(default_factory=dict)
    traces: tuple[str, ...] = ()
    code: str = field(default_factory=revision.code)

    @property
    def removed(self) -> int:
        """How many rows, records and files there were of the subjects."""
        return sum(place.rows + place.files for place in self.places.values())

    def with_counts(self, name: str, *, rows: int = 0, files: int = 0) -> ErasureReceipt:
        """Return it with what is about to be removed; a run after a kill finds less."""
        old = self.places.get(name, Removal())
        return self._with(name, replace(old, rows=max(old.rows, rows), files=max(old.files, files)))

    def with_versions(self, name: str, *, before: int, after: int) -> ErasureReceipt:
        """Return it with a table's versions."""
        old = self.places.get(name, Removal())
        first = before if old.before is None else old.before
        return self._with(name, replace(old, before=first, after=after))

    def with_unreadable_versions(self, name: str, versions: tuple[int, int]) -> ErasureReceipt:
        """Return it with the versions of a table that can no longer be read."""
        old = self.places.get(name, Removal())
        known = old.unreadable or versions
        span = (min(known[0], versions[0]), max(known[1], versions[1]))
        return self._with(name, replace(old, unreadable=span))

    def with_search_result(self, traces: tuple[str, ...]) -> ErasureReceipt:
        """Return it with what a search has found left; it has ended if that is nothing."""
        return replace(self, traces=traces, ended=None if traces else _now())

    def _with(self, name: str, place: Removal) -> ErasureReceipt:
        return replace(self, places={**self.places, name: place})


class ErasureReceipts:
    """The receipts in a bucket.

    Args:
        s3: the client.
        bucket: the bucket's name.
    """

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def read_all(self) -> Iterator[ErasureReceipt]:
        """Yield every receipt, oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=PREFIX)
        for key in sorted(entry["Key"] for page in pages for entry in page.get("Contents", [])):
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            yield _from_json(json.loads(body))

    def resume_or_begin(self, subjects: Subjects) -> ErasureReceipt:
        """Return the unfinished receipt of these subjects, or a new one that is not saved yet."""
        for record in self.read_all():
            if record.ended is None and record.subjects == subjects.hashes:
                return record
        return ErasureReceipt(new_event_id(), subjects.hashes, _now())

    def save(self, record: ErasureReceipt) -> ErasureReceipt:
        """Write a receipt, and return it."""
        body = json.dumps(asdict(record)).encode()
        self._s3.put_object(Bucket=self._bucket, Key=f"{PREFIX}{record.run}.json", Body=body)
        return record


def _from_json(fields: dict[str, Any]) -> ErasureReceipt:
    places = {
        name: Removal(**{**place, "unreadable": tuple(place["unreadable"]) if place["unreadable"] else None})
        for name, place in fields["places"].items()
    }
    kept = {name: tuple(fields[name]) for name in ("subjects", "traces")}
    return ErasureReceipt(**{**fields, **kept, "places": places})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
