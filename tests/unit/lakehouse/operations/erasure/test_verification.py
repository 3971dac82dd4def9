"""Every object of the bucket is searched, compressed or not. Parquet values: tests/spark."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, cast

import pytest

from foundation.data_subjects import Subjects
from lakehouse.operations.erasure.verification import search_objects

if TYPE_CHECKING:
    from foundation.object_store import ObjectStore

PIN = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
SUBJECTS = Subjects((PIN,))
LOG = "warehouse/silver/pins_batch/_delta_log/00000000000000000001.json"


class Bucket:
    """A bucket in memory; an object without content is removed after it was listed."""

    def __init__(self, objects: dict[str, bytes | None]) -> None:
        self._objects = objects

    def list_keys(self) -> list[str]:
        return list(self._objects)

    def read(self, key: str) -> bytes | None:
        return self._objects[key]


def _search(objects: dict[str, bytes | None]) -> list[str]:
    return search_objects(cast("ObjectStore", Bucket(objects)), SUBJECTS)


@pytest.mark.parametrize(
    ("key", "content", "is_trace"),
    [
        ("report.html", f"<p>{PIN}</p>".encode(), True),
        ("report.html", PIN.upper().encode(), True),
        ("report.html", PIN[:-1].encode(), False),
        ("landing/pins/x.jsonl.gz", gzip.compress(f'{{"a": "{PIN}"}}\n'.encode()), True),
        ("landing/pins/x.jsonl.gz", gzip.compress(b"x") + gzip.compress(PIN.encode()), True),
        ("landing/pins/x.jsonl.gz", gzip.compress(b"x"), False),
        (LOG, f'{{"min": "{PIN[:32]}"}}'.encode(), True),
        (LOG, f'{{"min": "{PIN[:31]}"}}'.encode(), False),
        ("report.html", None, False),
    ],
    ids=[
        "text", "upper case", "another pin", "gzip", "two gzip members", "gzip without it", "statistics",
        "shorter than statistics", "removed meanwhile",
    ],
)  # fmt: skip
def test_an_object_that_mentions_a_subject_is_a_trace(
    key: str, content: bytes | None, is_trace: bool
) -> None:
    assert _search({key: content}) == ([key] if is_trace else [])


def test_all_pages_are_searched_in_order() -> None:
    objects: dict[str, bytes | None] = {str(number): PIN.encode() for number in range(5)}

    assert _search({**objects, "5": b""}) == ["0", "1", "2", "3", "4"]


def test_an_empty_bucket_has_no_traces() -> None:
    assert _search({}) == []
