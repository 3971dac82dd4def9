"""One run: every part in turn, on one stack, into one report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from pyspark.sql import SparkSession

from benchmarks import api, batch_lane, gate, latency, stream_lane, upkeep, upsert
from benchmarks.api import ApiLoad
from benchmarks.memory import MemoryMonitor
from benchmarks.report import Figure, Report
from foundation.kafka_admin import create_topics
from foundation.settings import Settings
from lakehouse.spark import session
from local_stack.http_server import running_api
from local_stack.pinlake_command import running_command
from local_stack.temporary import temporary_stack

WARM_UP_EVENTS = 5_000
SINGLE_CONNECTIONS = 64
BULK_CONNECTIONS = 4
GIBIBYTE = 1024**3


@dataclass(frozen=True)
class Sizes:
    """The size of each part; 0 skips it.

    Attributes:
        single: pins posted one by one.
        bulk: pins posted in bulk.
        batch: pins of a bulk request.
        load: pins of each of the two equal loads through the batch lane.
        gated: pins promoted with and without rules, at most both loads.
        kept: pins of the large table that upkeep is measured on.
        rate: pins per second while latency is measured.
        seconds: duration of the latency measurement.
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
    """Measure every part on a stack of its own, and leave nothing behind.

    Args:
        sizes: the size of each part.
        on_part: called with a description of each part as it starts.
    """
    report = Report()
    report.notes.append(f"{os.cpu_count()} cores; load average {psutil.getloadavg()[0]:.1f} at the start")
    on_part("start Kafka, the object store and Postgres")
    with MemoryMonitor() as memory, temporary_stack("benchmarks") as settings:
        create_topics(settings.kafka)
        on_part("start Spark")
        spark = _start_spark(settings, report)
        try:
            _Benchmarks(spark, settings, report=report, on_part=on_part).run(sizes)
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


class _Benchmarks:
    def __init__(
        self, spark: SparkSession, settings: Settings, *, report: Report, on_part: Callable[[str], None]
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._report = report
        self._on_part = on_part

    def run(self, sizes: Sizes) -> None:
        if sizes.load:
            self._measure_batch_lane(sizes.load)
            self._measure_upsert(sizes.load)
        if sizes.load and sizes.gated:
            self._on_part(f"quality gate: {sizes.gated:,} pins with and without rules")
            self._report.figures += gate.measure(self._spark, self._settings, rows=sizes.gated)
        if sizes.load and sizes.kept:
            self._on_part(f"upkeep: merge into {sizes.kept:,} pins, join, erase")
            self._report.figures += upkeep.measure(self._spark, self._settings, rows=sizes.kept)
        with running_api(self._settings) as url:
            if sizes.seconds:
                self._measure_latency(url, sizes)
            if sizes.single:
                self._measure_api("single", url, ApiLoad(sizes.single, 1, SINGLE_CONNECTIONS))
            if sizes.bulk:
                self._measure_api("bulk", url, ApiLoad(sizes.bulk, sizes.batch, BULK_CONNECTIONS))
        if sizes.bulk:
            self._on_part("stream lane: the pins that the API accepted")
            size = self._report.rates[-1].bytes // sizes.bulk
            self._report.rates.append(stream_lane.measure(self._spark, self._settings, event_bytes=size))

    def _measure_batch_lane(self, events: int) -> None:
        self._on_part(f"batch lane: {WARM_UP_EVENTS:,} pins to warm up")
        warm_up = batch_lane.run_steps(self._spark, self._settings, events=WARM_UP_EVENTS)
        self._on_part(f"batch lane: {events:,} pins")
        first = batch_lane.run_steps(self._spark, self._settings, events=events)
        self._on_part(f"batch lane: {events:,} more pins")
        second = batch_lane.run_steps(self._spark, self._settings, events=events)
        self._report.rates += batch_lane.compute_rates([first, second])
        self._report.figures.append(
            Figure(
                "batch lane, second of two equal loads / first", second.seconds / first.seconds, "", aim=1.5
            )
        )
        steps = (f"{name} {second.steps[name] / first.steps[name]:.2f}" for name in first.steps)
        self._report.notes += [
            f"second load / first, step by step: {', '.join(steps)}",
            f"warm-up of the batch lane, not counted: {warm_up.events:,} pins in {warm_up.seconds:.1f} s",
        ]

    def _measure_upsert(self, rows: int) -> None:
        self._on_part("upsert")
        self._report.rates += upsert.measure(self._spark, self._settings, rows=rows)

    def _measure_latency(self, url: str, sizes: Sizes) -> None:
        self._on_part(f"latency: {sizes.rate:g} pins/s for {sizes.seconds:g} s")
        log = self._settings.home / "logs" / "stream.log"
        with running_command(["stream"], self._settings, log=log):
            latencies = latency.measure(url, self._settings.postgres, rate=sizes.rate, seconds=sizes.seconds)
        for percent, aim in ((50, 5), (99, None)):
            name = f"POST to Postgres at {sizes.rate:g} pins/s, p{percent}"
            self._report.figures.append(Figure(name, latency.percentile(latencies, percent), "s", aim))

    def _measure_api(self, kind: str, url: str, load: ApiLoad) -> None:
        self._on_part(f"API, {kind}")
        api.measure(kind, url, ApiLoad(load.connections * load.batch, load.batch, load.connections))
        aim = 20_000 if kind == "bulk" else None
        self._report.rates.append(api.measure(f"API, {kind}", url, load, aim=aim))
