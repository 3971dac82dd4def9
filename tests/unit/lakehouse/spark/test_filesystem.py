"""Small objects through Hadoop's file system: read whole, written whole, and every stream closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.spark import filesystem
from tests.unit.lakehouse.in_memory_files import InMemoryFiles

URL = "s3a://pinlake/folder/object.json"


@pytest.fixture
def files() -> InMemoryFiles:
    return InMemoryFiles()


@given(st.text())
def test_a_text_is_read_back_unchanged(text: str) -> None:
    files = InMemoryFiles()

    filesystem.write_text(files.session, URL, text)

    assert filesystem.read_text(files.session, URL) == text
    assert files.open_streams == 0


def test_a_second_write_replaces_the_object(files: InMemoryFiles) -> None:
    filesystem.write_text(files.session, URL, "a long first text")
    filesystem.write_text(files.session, URL, "new")

    assert files.content == {URL: b"new"}


def test_a_missing_object_is_none_and_a_missing_folder_is_empty(files: InMemoryFiles) -> None:
    assert filesystem.read_text(files.session, URL) is None
    assert filesystem.list_names(files.session, "s3a://pinlake/folder") == []


def test_a_stream_is_closed_even_if_its_text_cannot_be_read(files: InMemoryFiles) -> None:
    files.content[URL] = b"\xff"

    with pytest.raises(UnicodeDecodeError):
        filesystem.read_text(files.session, URL)
    assert files.open_streams == 0


def test_names_are_those_of_the_folder_itself(files: InMemoryFiles) -> None:
    for url in (URL, "s3a://pinlake/folder/deep/er", "s3a://pinlake/folders/other"):
        filesystem.write_text(files.session, url, "x")

    assert sorted(filesystem.list_names(files.session, "s3a://pinlake/folder")) == ["deep", "object.json"]


def test_a_folder_is_measured_with_its_subfolders(files: InMemoryFiles) -> None:
    filesystem.write_text(files.session, URL, "é")
    filesystem.write_text(files.session, "s3a://pinlake/folder/deep/er", "abc")

    assert filesystem.measure_folder(files.session, "s3a://pinlake/folder") == (2, 5)


def test_deleting_twice_deletes_once(files: InMemoryFiles) -> None:
    filesystem.write_text(files.session, URL, "x")

    for _ in range(2):
        filesystem.delete(files.session, URL)

    assert files.content == {}
