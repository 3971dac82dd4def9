"""The stream lane: each micro-batch is read from Kafka once and written to every layer and to Postgres."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog
from pyspark.sql import DataFrame, SparkSession
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_random_exponential,
)

from foundation import kafka_admin
from foundation.errors import TransientError
from foundation.offsets import LostOffsets, data_loss_error
from foundation.settings import Settings
from lakehouse.bronze import sources
from lakehouse.catalog.tables import STREAM
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines import data_loss, stream_status_writer
from lakehouse.pipelines.data_loss import Positions
from lakehouse.pipelines.micro_batches import MicroBatches
from lakehouse.pipelines.stream_status_writer import StreamStatusWriter
from lakehouse.pipelines.stream_writer import StreamBatchWriter
from lakehouse.quality.results import GateStats
from lakehouse.quality.stream_audit import StreamAuditor
from lakehouse.serving.postgres import ServingDatabase

log = structlog.get_logger()


class StreamLane:
    """The stream lane and its audit.

    Args:
        lake: the lakehouse.
        settings: Kafka, Postgres, and how long to wait for them.
        earliest: asks Kafka for the first offsets that it still has.
        status: writes the lane's status.

    Raises:
        TerminalError: a suite is invalid.
    """

    def __init__(
        self,
        lake: DeltaLake,
        settings: Settings,
        *,
        earliest: Callable[[], Positions],
        status: StreamStatusWriter,
    ) -> None:
        self._lake = lake
        self._settings = settings
        self._earliest = earliest
        self._status = status
        stats = GateStats()
        serving = ServingDatabase(settings.postgres, on_wait=status.mark_waiting)
        self._writer = StreamBatchWriter(lake, serving, text_policy=settings.text_policy, stats=stats)
        self._auditor = StreamAuditor(lake, gates=stats, seconds=settings.quality.audit_seconds)
        self._run = commit_info.begin(lane=STREAM.name)
        self._counts = StepMetrics()
        self._wrote_at = time.monotonic()

    def drain(self) -> StepMetrics:
        """Write what Kafka holds now, then audit the tables.

        Raises:
            TransientError: a server does not answer.
            TerminalError: Kafka has removed records that the lane had not read.
        """
        with self._status:
            counts = self._open().drain()
            self._auditor.audit_once()
            return counts

    def follow(self, *, trigger_seconds: float, stop: threading.Event) -> StepMetrics:
        """Write what arrives until `stop` is set, and audit the tables at an interval.

        If a server does not answer, the query is restarted from its checkpoint at growing intervals, until
        nothing has been written for as long as the settings allow.

        Raises: as `drain`.
        """

        def give_up(state: RetryCallState) -> StepMetrics:
            assert state.outcome is not None  # an attempt has been made
            return self._counts if stop.is_set() else state.outcome.result()

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=wait_random_exponential(multiplier=0.5, max=10),
            stop=lambda state: stop_when_event_set(stop)(state) or self._has_waited_enough(),
            sleep=sleep_using_event(stop),
            before_sleep=self._report_wait,
            retry_error_callback=give_up,
        )
        with self._status, self._auditor:
            self._wrote_at = time.monotonic()
            return retrying(lambda: self._follow(trigger_seconds=trigger_seconds, stop=stop))

    def _follow(self, *, trigger_seconds: float, stop: threading.Event) -> StepMetrics:
        """Run one query; return the counts of all queries so far."""
        query = self._open()
        # Opening the query asked every server, so each of them answers again.
        self._status.mark_running()
        try:
            query.follow(trigger_seconds=trigger_seconds, stop=stop)
        finally:
            self._counts += query.counts
        return self._counts

    def _open(self) -> MicroBatches:
        """Return the query; it starts at the position in its checkpoint."""
        self._writer.ensure()
        lost = self._detect_data_loss()
        limit = self._settings.stream.max_offsets_per_trigger
        source = sources.read_kafka(
            self._lake.spark, self._settings.kafka, offsets_per_batch=limit, skip_lost_offsets=bool(lost)
        )
        return MicroBatches(
            source,
            self._write,
            checkpoint=self._lake.checkpoint("stream"),
            run=self._run,
            lost=lost,
        )

    def _write(self, rows: DataFrame, batch: MicroBatch) -> StepMetrics:
        counts = self._writer.write(rows, batch)
        self._wrote_at = time.monotonic()
        self._status.mark_written()
        return counts

    def _detect_data_loss(self) -> Sequence[LostOffsets]:
        position = self._lake.checkpoint("stream").position()
        # Asked even when nothing can be lost yet, so that it shows at once if Kafka does not answer.
        earliest = self._earliest()
        lost = data_loss.lost_offsets(position, earliest) if position else []
        if lost and self._settings.kafka.on_data_loss == "stop":
            raise data_loss_error(lost)
        for part in lost:
            data_loss.record(self._lake, part)
        return lost

    def _has_waited_enough(self) -> bool:
        return time.monotonic() - self._wrote_at > self._settings.stream.timeout_seconds

    def _report_wait(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("the stream lane waits", attempt=state.attempt_number, error=str(error))
        self._status.mark_waiting(str(error))


def open_stream(spark: SparkSession, settings: Settings, *, command: str = "pinlake stream") -> StreamLane:
    """Return the stream lane, ready for `drain` or `follow`.

    Args:
        spark: the session.
        settings: Kafka, the object store and Postgres.
        command: the command of this process, as the lane's status shows it.

    Raises:
        TerminalError: a suite is invalid.
    """
    kafka = settings.kafka
    return StreamLane(
        DeltaLake.of(spark, settings),
        settings,
        earliest=lambda: kafka_admin.earliest_offsets(kafka, kafka.stream_topic),
        status=stream_status_writer.open_status_writer(settings.s3, command=command),
    )
