"""One run: every part in its turn, on one stack, into one report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from pyspark.sql import SparkSession

from benchmarks import batch_lane, door, gate, latency, stream_lane, upkeep, upsert
from benchmarks.door import Load
from benchmarks.memory import MemoryWatch
from benchmarks.report import Figure, Report
from benchmarks.workplace import running
from foundation.kafka_admin import create_topics
from foundation.settings import Settings
from lakehouse.spark import session
from local_stack.http_server import running_api
from local_stack.temporary import temporary_stack

WARM_UP_EVENTS = 5_000
SINGLE_CONNECTIONS = 64
BULK_CONNECTIONS = 4
GIBIBYTE = 1024**3


@dataclass(frozen=True)
class Sizes:
    """How much is measured; 0 leaves a part out.

    Attributes:
        single: pins posted one by one.
        bulk: pins posted in bulk.
        batch: pins of a bulk request.
        load: pins of each of the two equal loads through the batch lane.
        gated: pins promoted with and without rules, at most both loads.
        kept: pins of the large table that upkeep is measured on.
        rate: pins a second while latency is measured.
        seconds: for how long it is measured.
    """

    single: int
    bulk: int
    batch: int
    load: int
    gated: int
    kept: int
    rate: float
    seconds: float


def run(sizes: Sizes, *, on_part: Callable[[str], None]) -> Report:
    """Measure everything on a stack of its own, and leave nothing behind.

    Args:
        sizes: how much.
        on_part: told what begins.
    """
    report = Report()
    report.notes.append(f"{os.cpu_count()} cores; load average {psutil.getloadavg()[0]:.1f} at the start")
    on_part("start Kafka, the object store and Postgres")
    with MemoryWatch() as memory, temporary_stack("benchmarks") as settings:
        create_topics(settings.kafka)
        on_part("start Spark")
        spark = _start_spark(settings, report)
        try:
            _Parts(spark, settings, report=report, on_part=on_part).run(sizes)
        finally:
            spark.stop()
        on_part("stop everything")
    report.figures.append(
        Figure("peak memory of all processes, RSS", memory.peak.rss / GIBIBYTE, "GiB", aim=5)
    )
    if memory.peak.pss is not None:
        report.figures.append(Figure("peak memory, PSS", memory.peak.pss / GIBIBYTE, "GiB"))
    return report


def _start_spark(settings: Settings, report: Report) -> SparkSession:
    started = time.perf_counter()
    spark = session.build(settings, app="pinlake benchmarks")
    report.figures.append(Figure("Spark session start", time.perf_counter() - started, "s", aim=10))
    return spark


class _Parts:
    def __init__(
        self, spark: SparkSession, settings: Settings, *, report: Report, on_part: Callable[[str], None]
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._report = report
        self._on_part = on_part

    def run(self, sizes: Sizes) -> None:
        if sizes.load:
            self._batch_lane(sizes.load)
            self._upsert(sizes.load)
        if sizes.load and sizes.gated:
            self._on_part(f"quality gate: {sizes.gated:,} pins with and without rules")
            self._report.figures += gate.measure(self._spark, self._settings, rows=sizes.gated)
        if sizes.load and sizes.kept:
            self._on_part(f"upkeep: merge into {sizes.kept:,} pins, join, erase")
            self._report.figures += upkeep.measure(self._spark, self._settings, rows=sizes.kept)
        with running_api(self._settings) as url:
            if sizes.seconds:
                self._latency(url, sizes)
            if sizes.single:
                self._door("single", url, Load(sizes.single, 1, SINGLE_CONNECTIONS))
            if sizes.bulk:
                self._door("bulk", url, Load(sizes.bulk, sizes.batch, BULK_CONNECTIONS))
        if sizes.bulk:
            self._on_part("stream lane: what the door has taken")
            size = self._report.rates[-1].bytes // sizes.bulk
            self._report.rates.append(stream_lane.measure(self._spark, self._settings, event_bytes=size))

    def _batch_lane(self, events: int) -> None:
        self._on_part(f"batch lane: {WARM_UP_EVENTS:,} pins to warm up")
        cold = batch_lane.pass_through(self._spark, self._settings, events=WARM_UP_EVENTS)
        self._on_part(f"batch lane: {events:,} pins")
        first = batch_lane.pass_through(self._spark, self._settings, events=events)
        self._on_part(f"batch lane: {events:,} pins more")
        second = batch_lane.pass_through(self._spark, self._settings, events=events)
        self._report.rates += batch_lane.rates([first, second])
        self._report.figures.append(
            Figure(
                "batch lane, second of two equal loads / first", second.seconds / first.seconds, "", aim=1.5
            )
        )
        steps = (f"{name} {second.steps[name] / first.steps[name]:.2f}" for name in first.steps)
        self._report.notes += [
            f"second load / first, step by step: {', '.join(steps)}",
            f"the batch lane warmed up with {cold.events:,} pins in {cold.seconds:.1f} s, which do not count",
        ]

    def _upsert(self, rows: int) -> None:
        self._on_part("upsert")
        self._report.rates += upsert.measure(self._spark, self._settings, rows=rows)

    def _latency(self, url: str, sizes: Sizes) -> None:
        self._on_part(f"latency: {sizes.rate:g} pins/s for {sizes.seconds:g} s")
        with running(["stream"], self._settings):
            found = latency.measure(url, self._settings.postgres, rate=sizes.rate, seconds=sizes.seconds)
        for percent, aim in ((50, 5), (99, None)):
            name = f"POST to Postgres at {sizes.rate:g} pins/s, p{percent}"
            self._report.figures.append(Figure(name, latency.percentile(found, percent), "s", aim))

    def _door(self, kind: str, url: str, load: Load) -> None:
        self._on_part(f"door, {kind}")
        door.measure(kind, url, Load(load.connections * load.batch, load.batch, load.connections))
        aim = 20_000 if kind == "bulk" else None
        self._report.rates.append(door.measure(f"door, {kind}", url, load, aim=aim))
