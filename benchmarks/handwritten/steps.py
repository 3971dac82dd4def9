"""The timed steps of the hand-written pipeline, and the process of their own in which they run.

The process keeps its memory apart from that of Pinlake, which is measured, and shares no Python lock with it.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from types import TracebackType

import polars as pl

from benchmarks.handwritten.pipeline import Pipeline, Rules
from benchmarks.handwritten.records import BATCH_RECORDS, read_records
from benchmarks.handwritten.serving import ServingTable
from benchmarks.handwritten.tables import DeltaTables
from benchmarks.topic import Span
from foundation.errors import TerminalError
from foundation.settings import Settings
from lakehouse.catalog.locations import TABLES
from lakehouse.catalog.tables import BATCH, STREAM


@dataclass(frozen=True)
class StreamSeconds:
    """Seconds until all records were in Postgres, and until they were in the tables too."""

    served: float
    written: float


class HandwrittenProcess:
    """The process that runs the steps, one at a time; a context manager.

    Args:
        settings: of the servers.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))

    def __enter__(self) -> HandwrittenProcess:
        """Start the process and create its tables, which is not timed."""
        self.pid = self._pool.submit(prepare, self._settings).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._pool.shutdown()

    def run_batch_lane(self, span: Span) -> float:
        """Write records to the tables of the batch lane; return the seconds."""
        return self._pool.submit(time_batch_lane, self._settings, span).result()

    def promote(self, offset_below: int) -> float:
        """Merge Pinlake's bronze rows below an offset into a new silver table; return the seconds."""
        return self._pool.submit(time_promotion, self._settings, offset_below).result()

    def run_stream_lane(self, span: Span) -> StreamSeconds:
        """Write records to Postgres and to the tables of the stream lane; return the seconds."""
        return self._pool.submit(time_stream_lane, self._settings, span).result()


def prepare(settings: Settings) -> int:
    """Create the tables, and return the number of this process."""
    pipeline = _open(settings)
    for lane in (BATCH, STREAM):
        pipeline.ensure(lane)
    ServingTable(settings.postgres).ensure()
    return os.getpid()


def time_batch_lane(settings: Settings, span: Span) -> float:
    """Do what `HandwrittenProcess.run_batch_lane` does."""
    started = time.perf_counter()
    _require(_open(settings).run_batch_lane(_read(settings, span)), span.records)
    return time.perf_counter() - started


def time_promotion(settings: Settings, offset_below: int) -> float:
    """Do what `HandwrittenProcess.promote` does."""
    silver = replace(BATCH.silver, layer="benchmarks", name=f"silver_{uuid.uuid4().hex}")
    tables = DeltaTables.in_bucket(settings.s3)
    tables.ensure(silver)
    started = time.perf_counter()
    bronze = DeltaTables.in_bucket(settings.s3, folder=TABLES).scan(BATCH.bronze)
    rows = bronze.filter(pl.col("offset") < offset_below).collect_batches(chunk_size=BATCH_RECORDS)
    _open(settings).promote(rows, silver)
    return time.perf_counter() - started


def time_stream_lane(settings: Settings, span: Span) -> StreamSeconds:
    """Do what `HandwrittenProcess.run_stream_lane` does."""
    served: list[float] = []
    started = time.perf_counter()
    read = _open(settings).run_stream_lane(
        _read(settings, span),
        ServingTable(settings.postgres),
        on_served=lambda: served.append(time.perf_counter() - started),
    )
    written = time.perf_counter() - started
    _require(read, span.records)
    return StreamSeconds(served[-1], written)


def _open(settings: Settings) -> Pipeline:
    return Pipeline(DeltaTables.in_bucket(settings.s3), Rules.load())


def _read(settings: Settings, span: Span) -> Iterator[pl.DataFrame]:
    return read_records(settings.kafka, span)


def _require(read: int, expected: int) -> None:
    if read != expected:
        raise TerminalError(
            f"{read} of {expected} records were read",
            where="the hand-written pipeline",
            hint="Find the cause first: no figure of this run is valid.",
        )
