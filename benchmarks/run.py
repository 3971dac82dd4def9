"""One run: every part in turn, on one stack, into one report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import psutil
from pyspark.sql import SparkSession

from benchmarks.handwritten.comparison import compare
from benchmarks.handwritten.differences import require_none
from benchmarks.handwritten.dirty_records import generate
from benchmarks.handwritten.steps import HandwrittenProcess
from benchmarks.memory import MemoryMonitor
from benchmarks.parts import Parts
from benchmarks.report import Figure, Report
from foundation.kafka_admin import create_topics
from foundation.settings import Settings
from lakehouse.spark import session
from local_stack.temporary import temporary_stack

GIBIBYTE = 1024**3
COMPARISON_SEED = 1


@dataclass(frozen=True)
class Sizes:
    """The size of each part; 0 skips it.

    Attributes:
        compared: generated records of the comparison with the hand-written pipeline, besides the sample pins.
        rounds: runs of each of two things that are compared, at least one.
        single: pins posted one by one.
        bulk: pins posted in bulk.
        batch: pins of a bulk request.
        load: pins of each load through the batch lane; there are as many loads as rounds.
        gated: pins promoted with rules, without them and by hand, at most all loads.
        kept: pins of the large table that upkeep is measured on.
        rate: pins per second while latency is measured.
        seconds: duration of the latency measurement.
    """

    compared: int
    rounds: int
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

    The hand-written pipeline is compared with Pinlake's first; if a value differs, nothing is measured.

    Args:
        sizes: the size of each part.
        on_part: called with a description of each part as it starts.

    Raises:
        TerminalError: the hand-written pipeline differs.
    """
    report = Report()
    report.notes.append(f"{os.cpu_count()} cores; load average {psutil.getloadavg()[0]:.1f} at the start")
    on_part("start Kafka, the object store and Postgres")
    with MemoryMonitor() as memory, temporary_stack("benchmarks") as settings:
        create_topics(settings.kafka)
        on_part("start Spark")
        spark = _start_spark(settings, report)
        try:
            on_part("compare the hand-written pipeline row by row")
            report.notes.append(_compare(spark, settings, dirty=sizes.compared))
            with HandwrittenProcess(settings) as by_hand:
                # Its memory is not Pinlake's.
                memory.ignored.add(by_hand.pid)
                parts = Parts(spark, settings, by_hand, report=report, on_part=on_part)
                parts.run(sizes)
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


def _compare(spark: SparkSession, settings: Settings, *, dirty: int) -> str:
    bronze = generate(dirty, random=Random(COMPARISON_SEED))
    require_none(compare(spark, bronze, text_policy=settings.text_policy), where="comparison row by row")
    return (
        f"the hand-written pipeline was equal in every column of {len(bronze):,} records, before all timing"
    )
