"""The log of Spark's file source: every file that was found, however its entries were merged."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from lakehouse.delta.checkpoint_folder import StoreFolder
from lakehouse.delta.source_log import FoundFiles, read_found_files
from tests.unit.in_memory_bucket import InMemoryBucket


def _log(**entries: Sequence[int]) -> StoreFolder:
    """Return a log whose entries, named without their underscores, list files by number."""
    texts = {
        name.removeprefix("_").replace("_", "."): "\n".join(["v1", *map(_line, files)])
        for name, files in entries.items()
    }
    return StoreFolder(
        InMemoryBucket({f"q/sources/0/{name}": text.encode() for name, text in texts.items()}).store, "q"
    )


def _line(file: int) -> str:
    return json.dumps({"path": f"s3a://pinlake/{file}", "timestamp": 1, "batchId": 0})


def _urls(*files: int) -> frozenset[str]:
    return frozenset(f"s3a://pinlake/{file}" for file in files)


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (_log(), FoundFiles(-1, frozenset())),
        (_log(_0=[1, 2], _1=[3]), FoundFiles(1, _urls(1, 2, 3))),
        # Entries that were merged are deleted some minutes later.
        (_log(_8=[8], _9_compact=[1, 8, 9]), FoundFiles(9, _urls(1, 8, 9))),
        (_log(_9_compact=[1, 9], _10=[10], _11=[11]), FoundFiles(11, _urls(1, 9, 10, 11))),
        (_log(_9_compact=[1], _10=[10], _19_compact=[1, 10, 19]), FoundFiles(19, _urls(1, 10, 19))),
        # What a killed write has left behind.
        (_log(_0=[1], _1_tmp=[2]), FoundFiles(0, _urls(1))),
    ],
)
def test_every_file_that_was_found_is_returned(log: StoreFolder, found: FoundFiles) -> None:
    assert read_found_files(log) == found
