"""The log in which Spark's file source lists the files that it has found, in the checkpoint of its query.

An entry is a file whose name is a number. Every tenth entry repeats all that came before and is named
`<number>.compact`; the entries before it are deleted later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from foundation.landing_object import LandingObject
from foundation.offsets import OffsetRange
from lakehouse.delta.checkpoint_folder import CheckpointFolder

_FOLDER = "sources/0"
_COMPACT = ".compact"


@dataclass(frozen=True)
class FoundFiles:
    """The files that a query has found.

    Attributes:
        last_entry: the number of the last entry; -1 before the first.
        urls: the URLs of all files.
    """

    last_entry: int
    urls: frozenset[str]


def read_found_files(folder: CheckpointFolder) -> FoundFiles:
    """Return all files that a query has found. Reads at most ten entries, the first of which can be large."""
    names = folder.list_names(_FOLDER)
    entries = sorted(int(name) for name in names if name.isdecimal())
    compact = max(_compact_entries(names), default=-1)
    newer = [str(entry) for entry in entries if entry > compact]
    read = [f"{compact}{_COMPACT}", *newer] if compact >= 0 else newer
    urls = frozenset(line["path"] for name in read for line in _lines(folder, name))
    return FoundFiles(max([compact, *entries]), urls)


def landed_offsets(folder: CheckpointFolder, *, after: int, until: int) -> Iterator[OffsetRange]:
    """Yield the Kafka offsets in the landing objects of some entries.

    Args:
        folder: the checkpoint.
        after: the number of the entry before the first of them.
        until: the number of the last of them.
    """
    for entry in range(after + 1, until + 1):
        for line in _lines(folder, str(entry)) or _lines(folder, f"{entry}{_COMPACT}"):
            if line["batchId"] == entry and (landed := LandingObject.parse(line["path"])):
                yield landed.offsets


def _compact_entries(names: list[str]) -> Iterator[int]:
    for name in names:
        number = name.removesuffix(_COMPACT)
        if name.endswith(_COMPACT) and number.isdecimal():
            yield int(number)


def _lines(folder: CheckpointFolder, name: str) -> list[dict[str, Any]]:
    text = folder.read_text(f"{_FOLDER}/{name}")
    # The first line is the version of the format.
    return [json.loads(line) for line in (text or "").splitlines()[1:]]
