"""The parts of a run, in the order in which each finds what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from benchmarks import api, batch_lane, few_rows, gate, latency, upkeep, upsert
from benchmarks.api import ApiLoad
from benchmarks.batch_lane import LaneRun
from benchmarks.handwritten.differences import require_none
from benchmarks.handwritten.steps import HandwrittenProcess
from benchmarks.handwritten.table_comparison import compare_tables
from benchmarks.handwritten.tables import DeltaTables
from benchmarks.report import Figure, Pair, Report
from benchmarks.stream_lane import StreamBenchmark
from benchmarks.topic import fill
from foundation.settings import Settings
from lakehouse.catalog.locations import TABLES
from local_stack.http_server import running_api
from local_stack.pinlake_command import running_command

if TYPE_CHECKING:
    from benchmarks.run import Sizes

WARM_UP_EVENTS = 5_000
SINGLE_CONNECTIONS = 64
BULK_CONNECTIONS = 4


class Parts:
    """Measures each part and adds it to the report.

    Args:
        spark: the session.
        settings: of the stack.
        by_hand: the hand-written pipeline.
        report: receives the results.
        on_part: called with a description of each part as it starts.
    """

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        by_hand: HandwrittenProcess,
        *,
        report: Report,
        on_part: Callable[[str], None],
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._by_hand = by_hand
        self._report = report
        self._on_part = on_part

    def run(self, sizes: Sizes) -> None:
        """Measure every part that has a size."""
        if sizes.load:
            self._measure_batch_lane(sizes)
            self._measure_upsert(sizes.load)
        if sizes.load and sizes.gated:
            self._measure_gate(sizes)
        if sizes.load and sizes.kept:
            self._on_part(f"upkeep: merge into {sizes.kept:,} pins, join, erase")
            self._report.figures += upkeep.measure(self._spark, self._settings, rows=sizes.kept)
        with running_api(self._settings) as url:
            if sizes.seconds:
                self._measure_latency(url, sizes)
            if sizes.bulk:
                self._measure_few_rows(sizes.rounds)
            stream = StreamBenchmark(self._spark, self._settings, self._by_hand)
            if sizes.single:
                self._measure_api("single", url, ApiLoad(sizes.single, 1, SINGLE_CONNECTIONS))
            if sizes.bulk:
                self._measure_api("bulk", url, ApiLoad(sizes.bulk, sizes.batch, BULK_CONNECTIONS))
        if sizes.bulk:
            self._measure_stream_lane(stream, sizes)

    def _measure_batch_lane(self, sizes: Sizes) -> None:
        self._on_part(f"batch lane: {WARM_UP_EVENTS:,} pins to warm up")
        warm_up, _ = self._run_batch_lanes(WARM_UP_EVENTS)
        s3 = self._settings.s3
        ours, theirs = DeltaTables.in_bucket(s3, folder=TABLES), DeltaTables.in_bucket(s3)
        require_none(compare_tables(ours, theirs), where="tables of the warm-up")
        runs, by_hand = [], []
        for number in range(1, sizes.rounds + 1):
            self._on_part(f"batch lane: {sizes.load:,} pins, {number} of {sizes.rounds}, ours and by hand")
            run, seconds_by_hand = self._run_batch_lanes(sizes.load)
            runs.append(run)
            by_hand.append(seconds_by_hand)
        self._report.rates += batch_lane.compute_rates(runs)
        seconds = tuple(each.seconds for each in runs)
        self._report.pairs.append(Pair("batch lane, topic to gold", sizes.load, seconds, tuple(by_hand)))
        self._report.notes += [
            "batch lane: ours lands the records in the object store first, audits and publishes its tables; "
            "the hand-written pipeline does neither",
            f"warm-up of the batch lane, not counted: {warm_up.events:,} pins in {warm_up.seconds:.1f} s",
        ]
        if sizes.rounds > 1:
            self._report_growth(runs[0], runs[-1])

    def _run_batch_lanes(self, events: int) -> tuple[LaneRun, float]:
        """Write a load to the topic, then send it through both lanes."""
        load = fill(self._settings.kafka, self._settings.kafka.batch_topic, events=events)
        ours = batch_lane.run_steps(self._spark, self._settings, load)
        return ours, self._by_hand.run_batch_lane(load.span)

    def _report_growth(self, first: LaneRun, last: LaneRun) -> None:
        self._report.figures.append(
            Figure("batch lane, last of equal loads / first", last.seconds / first.seconds, "", aim=1.5)
        )
        steps = (f"{name} {last.steps[name] / first.steps[name]:.2f}" for name in first.steps)
        self._report.notes.append(f"last load / first, step by step: {', '.join(steps)}")

    def _measure_upsert(self, rows: int) -> None:
        self._on_part("upsert")
        self._report.rates += upsert.measure(self._spark, self._settings, rows=rows)

    def _measure_gate(self, sizes: Sizes) -> None:
        self._on_part(f"quality gate: {sizes.gated:,} pins with rules, without them and by hand, in turns")
        costs = gate.measure(
            self._spark, self._settings, self._by_hand, rows=sizes.gated, rounds=sizes.rounds
        )
        self._report.figures += costs.figures
        self._report.pairs.append(costs.promotion)

    def _measure_latency(self, url: str, sizes: Sizes) -> None:
        self._on_part(f"latency: {sizes.rate:g} pins/s for {sizes.seconds:g} s")
        log = self._settings.home / "logs" / "stream.log"
        with running_command(["stream"], self._settings, log=log):
            latencies = latency.measure(url, self._settings.postgres, rate=sizes.rate, seconds=sizes.seconds)
        for percent, aim in ((50, 5), (99, None)):
            name = f"POST to Postgres at {sizes.rate:g} pins/s, p{percent}"
            self._report.figures.append(Figure(name, latency.percentile(latencies, percent), "s", aim))

    def _measure_few_rows(self, rounds: int) -> None:
        self._on_part(f"{few_rows.ROWS} new events through the running stream lane and by hand")
        self._report.pairs += few_rows.measure(self._spark, self._settings, self._by_hand, rounds=rounds)

    def _measure_api(self, kind: str, url: str, load: ApiLoad) -> None:
        self._on_part(f"API, {kind}")
        api.measure(kind, url, ApiLoad(load.connections * load.batch, load.batch, load.connections))
        aim = 20_000 if kind == "bulk" else None
        self._report.rates.append(api.measure(f"API, {kind}", url, load, aim=aim))

    def _measure_stream_lane(self, stream: StreamBenchmark, sizes: Sizes) -> None:
        self._on_part("stream lane: the pins that the API accepted, and as many again, ours and by hand")
        size = self._report.rates[-1].bytes // sizes.bulk
        rate, pair = stream.measure(event_bytes=size, rounds=sizes.rounds)
        self._report.rates.append(rate)
        self._report.pairs.append(pair)
