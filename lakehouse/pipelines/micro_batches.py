"""A stream's micro-batches, handed one at a time to a write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamWriter

from foundation.errors import PinlakeError, TransientError
from foundation.offsets import LostOffsets
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.delta.lake import MicroBatch
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.streaming_checkpoint import Checkpoint
from lakehouse.pipelines.data_loss import exclude_lost

log = structlog.get_logger()


BatchWriter = Callable[[DataFrame, MicroBatch], StepMetrics]


class MicroBatches:
    """One streaming query: a source, a write, and the checkpoint that remembers what was done.

    A write that fails is retried by the next run under the same number, so it must be idempotent.

    Args:
        source: a streaming DataFrame.
        write: what to do with each micro-batch.
        checkpoint: the query's.
        run: what the commit info of every micro-batch of this run begins with.
        lost: offsets that the source no longer has.
    """

    def __init__(
        self,
        source: DataFrame,
        write: BatchWriter,
        *,
        checkpoint: Checkpoint,
        run: CommitInfo,
        lost: Sequence[LostOffsets] = (),
    ) -> None:
        self._write = write
        self._checkpoint = checkpoint
        self._begins = run
        self._lost = lost
        self._writer = source.writeStream.foreachBatch(self._on_batch).option(
            "checkpointLocation", checkpoint.url
        )
        self._busy = threading.Lock()
        self._failure: PinlakeError | None = None
        self.counts = StepMetrics()

    def drain(self) -> StepMetrics:
        """Write what is there now and return.

        Raises:
            PinlakeError: what the write raised.
            TransientError: Spark failed.
        """
        return self._run(self._writer.trigger(availableNow=True), stop=threading.Event())

    def follow(self, *, trigger_seconds: float, stop: threading.Event) -> StepMetrics:
        """Write what comes until `stop` is set; the micro-batch under way is finished first.

        Raises: as `drain`.
        """
        return self._run(self._writer.trigger(processingTime=f"{trigger_seconds} seconds"), stop=stop)

    def _run(self, writer: DataStreamWriter, *, stop: threading.Event) -> StepMetrics:
        query = writer.start()
        try:
            while query.isActive and not stop.is_set():
                query.awaitTermination(1)
            self._finish(query)
        except PySparkException as error:
            raise self._failure or self._stopped(error) from error
        return self.counts

    def _finish(self, query: StreamingQuery) -> None:
        # With the lock held no write is under way, so that stopping interrupts none.
        with self._busy:
            query.stop()
        failure = query.exception()
        if failure:
            raise failure

    def _on_batch(self, rows: DataFrame, number: int) -> None:
        started = time.monotonic()
        with self._busy:
            try:
                counts = self._write(rows, self._known_as(rows, number))
            except PinlakeError as error:
                self._failure = error
                raise
            except PySparkException as error:
                # Spark would tell of it only that a stream has failed.
                self._failure = self._stopped(error)
                raise
            if counts.read:
                timed = StepMetrics(
                    1, counts.read, counts.written, counts.quarantined, time.monotonic() - started
                )
                self.counts += timed
                log.info("micro-batch written", checkpoint=self._checkpoint.url, number=number, **vars(timed))

    def _stopped(self, error: PySparkException) -> TransientError:
        return TransientError(
            "Spark stopped: " + str(error).strip().splitlines()[0],
            where=self._checkpoint.url,
            hint="Nothing is lost: run it again. Set PINLAKE_SPARK_LOG_LEVEL=WARN to see what led to it.",
        )

    def _known_as(self, rows: DataFrame, number: int) -> MicroBatch:
        query = rows.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId") or ""
        offsets, versions = self._checkpoint.batch_input(number)
        begun = commit_info.begin(lane=self._begins.lane, run=self._begins.run)
        offsets = exclude_lost(offsets, self._lost)
        info = replace(begun, query=query, batch=number, offsets=offsets, versions=versions)
        return MicroBatch(query, number, info, info.began)
