"""The files that commits have added, as the log has them."""

from __future__ import annotations

import json

import pytest

from lakehouse.delta import delta_log
from tests.unit.lakehouse.in_memory_files import InMemoryFiles

URL = "s3a://pinlake/table"


@pytest.fixture
def files() -> InMemoryFiles:
    files = InMemoryFiles()
    _commit(files, 1, {"commitInfo": {}}, {"add": {"path": "a.parquet"}}, {"add": {"path": "b%20c.parquet"}})
    _commit(files, 2, {"remove": {"path": "a.parquet"}}, {"add": {"path": "d.parquet"}})
    _commit(files, 3, {"remove": {"path": "older.parquet"}}, {"txn": {"appId": "query"}})
    return files


@pytest.mark.parametrize(
    ("versions", "names"),
    [
        (range(1, 2), ["a.parquet", "b c.parquet"]),
        (range(1, 4), ["b c.parquet", "d.parquet"]),
        (range(3, 4), []),
        (range(4, 4), []),
    ],
)
def test_files_that_were_added_and_not_removed_again(
    versions: range, names: list[str], files: InMemoryFiles
) -> None:
    assert delta_log.list_added_files(files.session, URL, versions) == [f"{URL}/{name}" for name in names]


def test_a_commit_that_is_gone_leaves_the_files_unknown(files: InMemoryFiles) -> None:
    del files.content[f"{URL}/_delta_log/{2:020}.json"]

    assert delta_log.list_added_files(files.session, URL, range(1, 4)) is None


def _commit(files: InMemoryFiles, version: int, *actions: dict[str, object]) -> None:
    lines = "\n".join(json.dumps(action) for action in actions)
    files.content[f"{URL}/_delta_log/{version:020}.json"] = lines.encode()
