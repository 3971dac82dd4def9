"""The folder of a checkpoint: the same names and texts through Spark's file system and the object store."""

from __future__ import annotations

import pytest

from lakehouse.delta.checkpoint_folder import CheckpointFolder, HadoopFolder, StoreFolder
from tests.unit.in_memory_bucket import InMemoryBucket
from tests.unit.lakehouse.in_memory_files import InMemoryFiles

KEY = "checkpoints/stream"
URL = f"s3a://pinlake/{KEY}"
TEXTS = {"commits/0": "v1\n{}", "commits/1": "v1\n{}", "sources/0/0": 'v1\n{"t":{"0":3}} ä'}


@pytest.fixture(params=["Spark", "the object store"])
def folder(request: pytest.FixtureRequest) -> CheckpointFolder:
    """The same checkpoint, read in two ways."""
    if request.param == "Spark":
        files = InMemoryFiles()
        files.content = {f"{URL}/{name}": text.encode() for name, text in TEXTS.items()}
        return HadoopFolder(files.session, URL)
    bucket = InMemoryBucket({f"{KEY}/{name}": text.encode() for name, text in TEXTS.items()})
    return StoreFolder(bucket.store, KEY)


def test_names_are_those_of_one_subfolder(folder: CheckpointFolder) -> None:
    assert sorted(folder.list_names("commits")) == ["0", "1"]
    assert folder.list_names("sources/0") == ["0"]
    assert folder.list_names("offsets") == []


def test_texts_are_read_whole(folder: CheckpointFolder) -> None:
    assert folder.read_text("sources/0/0") == TEXTS["sources/0/0"]
    assert folder.read_text("offsets/0") is None


def test_both_have_the_url_that_spark_writes(folder: CheckpointFolder) -> None:
    assert folder.url == URL
