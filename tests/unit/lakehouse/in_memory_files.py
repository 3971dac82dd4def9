"""A Spark session whose only part is Hadoop's file system, held in a dictionary."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from pyspark.sql import SparkSession


class InMemoryFiles:
    """The objects behind a session, as py4j would reach them.

    Attributes:
        content: the bytes of every object, by URL.
        open_streams: how many streams have been opened and not closed.
    """

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.open_streams = 0

    @property
    def session(self) -> SparkSession:
        """The session, for functions that use nothing of it but its file system."""
        classes = {
            "org.apache.hadoop.fs.Path": lambda url: _Path(self, url),
            "org.apache.commons.io.IOUtils": _IOUtils,
        }
        context = SimpleNamespace(
            _jvm=SimpleNamespace(**classes), _jsc=SimpleNamespace(hadoopConfiguration=lambda: None)
        )
        return cast("SparkSession", SimpleNamespace(sparkContext=context))


class _Path:
    def __init__(self, files: InMemoryFiles, url: str) -> None:
        self.files, self.url = files, url

    def getFileSystem(self, configuration: None) -> _FileSystem:
        return _FileSystem(self.files)

    def getName(self) -> str:
        return self.url.rsplit("/", 1)[-1]

    @property
    def below(self) -> list[str]:
        return [url for url in self.files.content if url.startswith(f"{self.url}/")]


class _FileSystem:
    def __init__(self, files: InMemoryFiles) -> None:
        self._files = files

    def exists(self, path: _Path) -> bool:
        return path.url in self._files.content or bool(path.below)

    def open(self, path: _Path) -> _Stream:
        return _Stream(self._files, path.url)

    def create(self, path: _Path, overwrite: bool) -> _Stream:
        assert overwrite or path.url not in self._files.content
        return _Stream(self._files, path.url)

    def delete(self, path: _Path, recursive: bool) -> bool:
        return self._files.content.pop(path.url, None) is not None

    def listStatus(self, path: _Path) -> list[Any]:
        names = {url.removeprefix(f"{path.url}/").split("/")[0] for url in path.below}
        return [SimpleNamespace(getPath=lambda name=name: _Path(self._files, name)) for name in names]

    def getContentSummary(self, path: _Path) -> Any:  # noqa: ANN401 - an object of Hadoop's
        sizes = [len(self._files.content[url]) for url in path.below]
        return SimpleNamespace(getFileCount=lambda: len(sizes), getLength=lambda: sum(sizes))


class _Stream:
    def __init__(self, files: InMemoryFiles, url: str) -> None:
        self._files, self._url = files, url
        self._written: bytes | None = None
        files.open_streams += 1

    def read(self) -> bytes:
        return self._files.content[self._url]

    def write(self, data: bytearray) -> None:
        self._written = bytes(data)

    def close(self) -> None:
        # As on S3: an object is there once its stream has been closed.
        if self._written is not None:
            self._files.content[self._url] = self._written
        self._files.open_streams -= 1


class _IOUtils:
    @staticmethod
    def toString(stream: _Stream, encoding: str) -> str:
        return stream.read().decode(encoding)
