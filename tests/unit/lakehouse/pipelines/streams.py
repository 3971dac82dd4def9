"""Spark's streaming, as far as py4j shows it: a source that passes its micro-batches to a writer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame

from lakehouse.delta.checkpoint_folder import HadoopFolder
from lakehouse.delta.streaming_checkpoint import Checkpoint
from tests.unit.lakehouse.in_memory_files import InMemoryFiles

QUERY = "query-id"


class Source:
    """A topic with one partition, read in micro-batches.

    Attributes:
        trigger: the trigger of the last query.
        is_active: whether a query runs.
        stops: how often a query was stopped.
        start: the offset at which a new query starts.
    """

    def __init__(self, files: InMemoryFiles, *sizes: int, stays_open: bool = False) -> None:
        self.files = files
        self.sizes: Sequence[int] = sizes
        self.trigger: dict[str, Any] = {}
        self.is_active = False
        self.stops = 0
        self.start = 0
        self._stays_open = stays_open
        self._failure: Exception | None = None

    @property
    def dataframe(self) -> DataFrame:
        """This source, in the type that the code asks for."""
        return cast("DataFrame", SimpleNamespace(writeStream=_Writer(self)))

    def run(self, write: Callable[[Any, int], None], url: str) -> None:
        """Run a query's micro-batches, each of which Spark logs before it passes it on."""
        properties = {"sql.streaming.queryId": QUERY}
        context = SimpleNamespace(getLocalProperty=properties.get)
        rows = SimpleNamespace(sparkSession=SimpleNamespace(sparkContext=context))
        first = Checkpoint(HadoopFolder(self.files.session, url)).last_committed_batch() + 1
        self.is_active, self._failure = True, None
        self.files.content[f"{url}/sources/0/0"] = f'v1\n{{"t":{{"0":{self.start}}}}}'.encode()
        for number in range(first, len(self.sizes)):
            end = json.dumps({"t": {"0": self.start + sum(self.sizes[: number + 1])}})
            self.files.content[f"{url}/offsets/{number}"] = f"v1\n{{}}\n{end}".encode()
            try:
                write(SimpleNamespace(size=self.sizes[number], **vars(rows)), number)
            except Exception:
                # What happened in Python reaches Spark as a text only.
                self._failure = StreamingQueryException("the function of foreachBatch failed\nwith a trace")
                self.is_active = False
                return
            self.files.content[f"{url}/commits/{number}"] = b"v1\n{}"
        self.is_active = self._stays_open

    def exception(self) -> Exception | None:
        return self._failure

    def stop(self) -> None:
        self.is_active = False
        self.stops += 1


class _Writer:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._url = ""

    def foreachBatch(self, write: Callable[[Any, int], None]) -> _Writer:
        self._write = write
        return self

    def option(self, name: str, value: str) -> _Writer:
        assert name == "checkpointLocation"
        self._url = value
        return self

    def trigger(self, **trigger: object) -> _Writer:
        self._source.trigger = trigger
        return self

    def start(self) -> _Query:
        self._source.run(self._write, self._url)
        return _Query(self._source)


class _Query:
    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def isActive(self) -> bool:
        return self._source.is_active

    def awaitTermination(self, seconds: float) -> None:
        threading.Event().wait(0.001)

    def stop(self) -> None:
        self._source.stop()

    def exception(self) -> Exception | None:
        return self._source.exception()
