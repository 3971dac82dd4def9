"""The steps of the demonstration."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from foundation import kafka_admin
from foundation.object_store import ObjectStore
from foundation.settings import KafkaSettings, Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.locks import table_locks
from lakehouse.observability.quality_report import rule_texts as sentences
from lakehouse.observability.quality_report.collect import collect_report
from lakehouse.observability.quality_report.deliver import deliver
from lakehouse.observability.quality_report.render import render
from lakehouse.spark import session
from local_stack import addresses, stack
from local_stack.http_server import running_api
from pinlake.app.demo import malformed_records, scenario
from pinlake.app.demo.scenario import Posted
from pinlake.app.demo.summary import DemoSummary
from pinlake.app.demo.verification import Lakehouse, Offsets, read_served_rows
from pinlake.app.lanes import list_steps


class Demonstration:
    """One run on the local stack.

    Args:
        settings: the endpoints are replaced by those of the local stack.
        keep: leave the stack running; if it ran before, it is always left running.
        on_step: called with the name of each step when it starts.
    """

    def __init__(self, settings: Settings, *, keep: bool, on_step: Callable[[str], None]) -> None:
        self._settings = settings
        self._keep = keep
        self._on_step = on_step
        self._seconds: dict[str, float] = {}

    def run(self, pins: Sequence[bytes]) -> DemoSummary:
        """Send pins and malformed records through both lanes and compare the results with what was sent.

        Raises:
            PinlakeError: a server or a step failed; the stack is stopped nevertheless.
        """
        ran_before = self._all_running()
        try:
            with self._step("start Kafka, the object store and Postgres"):
                settings = addresses.point(self._settings, stack.up(self._settings))
            begins, posted = self._post(pins, settings)
            lanes = (*table_locks.BATCH_LOCKS, table_locks.STREAM_LOCK)
            with table_locks.hold_locks(settings, lanes, command="pinlake demo"):
                return self._promote(settings, begins=begins, posted=posted)
        finally:
            if not (self._keep or ran_before):
                with self._step("stop the servers"):
                    stack.down(self._settings)

    def _post(self, pins: Sequence[bytes], settings: Settings) -> tuple[Offsets, Posted]:
        with ExitStack() as cleanup:
            with self._step("open the door"):
                url = cleanup.enter_context(running_api(settings))
            begins = _ends(settings.kafka)
            with self._step(f"post {len(pins):,} pins, updates and repeats"):
                posted = scenario.post(url, pins)
            with self._step("write malformed records into the topics"):
                malformed_records.write(settings.kafka, malformed_records.records())
        return begins, posted

    def _promote(self, settings: Settings, *, begins: Offsets, posted: Posted) -> DemoSummary:
        with self._step("start Spark"):
            spark = session.build(settings, app="pinlake demo")
        lake = DeltaLake.of(spark, settings)
        try:
            for name, run_step in list_steps(spark, settings, command="pinlake demo").items():
                with self._step(name):
                    run_step()
            with self._step("write the quality report"):
                report = self._report(lake, settings)
            with self._step("compare with what was posted"):
                tables = Lakehouse(lake, begins=begins, posted=posted)
                return DemoSummary(
                    posted=posted,
                    malformed=Counter(record.reason for record in malformed_records.records()),
                    rows=tables.count_rows(),
                    daily_pins=tables.count_daily_pins(),
                    reasons=tables.count_reasons(),
                    lanes_differ=tables.count_lane_differences(),
                    served=read_served_rows(settings.postgres, posted.newest),
                    report=report,
                    seconds=self._seconds,
                )
        finally:
            session.stop(spark)

    def _report(self, lake: DeltaLake, settings: Settings) -> str:
        report = collect_report(lake, rule_texts=sentences.load_rule_texts(), now=datetime.now(UTC))
        folder = self._settings.home / "quality-report"
        return deliver(render(report), str(folder), store=ObjectStore.open(settings.s3))

    def _all_running(self) -> bool:
        report = stack.status(self._settings)
        return bool(report) and all(server.state is stack.State.RUNNING for server in report)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self._on_step(name)
        started = time.monotonic()
        try:
            yield
        finally:
            self._seconds[name] = time.monotonic() - started


def _ends(kafka: KafkaSettings) -> dict[tuple[str, int], int]:
    return {(row.topic, row.partition): row.end for row in kafka_admin.read_lag(kafka)}
