"""The speed of the stream lane while it catches up: Kafka to bronze, silver, gold and Postgres."""

from __future__ import annotations

import time

from pyspark.sql import SparkSession

from benchmarks.handwritten.steps import HandwrittenProcess
from benchmarks.report import Pair, Rate
from benchmarks.topic import Span, fill, read_ends
from foundation.errors import TerminalError
from foundation.settings import Settings
from lakehouse.pipelines.stream import open_stream

STEP = "stream lane, catching up"


class StreamBenchmark:
    """The stream lane beside that of the hand-written pipeline, which read the same records in turns.

    Args:
        spark: the session, whose stream lane has written everything that is in Kafka now.
        settings: of the stack.
        by_hand: the hand-written pipeline.
    """

    def __init__(self, spark: SparkSession, settings: Settings, by_hand: HandwrittenProcess) -> None:
        self._spark = spark
        self._settings = settings
        self._by_hand = by_hand
        self._start = read_ends(settings.kafka, settings.kafka.stream_topic)

    def measure(self, *, event_bytes: int, rounds: int) -> tuple[Rate, Pair]:
        """Catch up with what the API has accepted, then with as many fresh pins in each further round.

        Args:
            event_bytes: mean size of an event's JSON.
            rounds: number of runs of each lane.
        """
        topic = self._settings.kafka.stream_topic
        span = Span(topic, self._start, read_ends(self._settings.kafka, topic))
        runs = [(self._drain(span), self._by_hand.run_stream_lane(span).written)]
        for _ in range(rounds - 1):
            span = fill(self._settings.kafka, topic, events=span.records).span
            runs.append((self._drain(span), self._by_hand.run_stream_lane(span).written))
        ours, theirs = zip(*runs, strict=True)
        events, rates = span.records, tuple(span.records / seconds for seconds in ours)
        rate = Rate(STEP, events * rounds, events * rounds * event_bytes, sum(ours), runs=rates)
        return rate, Pair(STEP, events, ours, theirs)

    def _drain(self, span: Span) -> float:
        started = time.perf_counter()
        counts = open_stream(self._spark, self._settings).drain()
        seconds = time.perf_counter() - started
        if counts.read != span.records:
            raise TerminalError(
                f"{counts.read} of {span.records} events were read",
                where=STEP,
                hint="Find the cause first: no figure of this run is valid.",
            )
        return seconds
